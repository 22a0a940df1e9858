# %%
result = mq.simulate(mq.load("task-queue").with_({"consumers.worker.count": 2}))
float(result.messages.acked.max())
