# %%
changes = {"until": "drained", "duration": None, "producers.post.stop": 60}
real = mq.simulate(OFFICE.with_(changes), seed=1).messages
third = my_office(real.created, real.finished - real.started, clerks=3)
round(float((third.started - real.created).mean()), 3)

# %%
changes = {"until": "drained", "duration": None, "producers.post.stop": 60, "consumers.clerk.count": 3}
real = mq.simulate(OFFICE.with_(changes), seed=1).messages
round(float((real.started - real.created).mean()), 3)
