# %%
result = mq.simulate(RUSH.with_({"broker.queues.tasks.overflow": "drop-head"}), seed=1)
round(result.summary()["queues"]["tasks"]["wait"]["mean"], 1)

# %%
ten = mq.simulate(DESK.with_({"consumers.worker.count": 10}), seed=1)
overtaken(ten)
