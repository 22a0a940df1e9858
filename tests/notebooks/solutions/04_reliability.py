# %%
early = mq.simulate(BANK.with_({"consumers.teller.ack": "early"}))
tally(early)

# %%
result = mq.simulate(mq.load("broker-restart").with_({"broker.queues.tasks.durable": False}))
int((result.messages.outcome == "lost").sum())
