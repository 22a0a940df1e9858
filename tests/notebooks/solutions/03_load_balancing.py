# %%
result = mq.simulate(mq.load("unequal-workers").with_({"consumers.worker.prefetch": 0}))
round(float((result.messages.consumer == "worker-3").mean()), 2)

# %%
result = mq.simulate(mq.load("fair-dispatch").with_({"consumers.worker.count": 5}))
float(result.messages.acked.max())
