# %%
two = mq.simulate(mq.load("task-queue").with_({"consumers.worker.count": 2}))
float(two.messages.acked.max())
