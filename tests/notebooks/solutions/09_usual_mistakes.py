# %%
result = mq.simulate(LONG.with_({"consumers.worker.heartbeat": 20}), seed=1)
int((result.messages.outcome == "acked").sum())

# %%
result = mq.simulate(PLAIN.with_({**TYPO, "broker.queues.taks": {}}), seed=1)
int((result.messages.outcome == "ready").sum())
