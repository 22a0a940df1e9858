# %%
grown = SHOP.with_({"producers.web.arrivals": {"poisson": {"rate": 16}}})
answer = mq.planning.size(scenario=grown, vary="consumers.packer.count=1..20", target="p99 < 2s")
answer.data["value"]

# %%
rates = "producers.web.arrivals.poisson.rate=1..10:0.5"
answer = mq.planning.size(scenario=SHOP, vary=rates, target="p99 < 2s", highest=True)
answer.data["value"]
