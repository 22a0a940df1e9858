# %%
result = mq.simulate(SHOP.with_({"faults.0.restart_after": 20}), seed=1)
int(result.depth.ready.max())

# %%
small = {
    "broker.queues.orders": {"max_length": 5, "overflow": "reject-publish"},
    "faults.0.restart_after": 20,
}
result = mq.simulate(SHOP.with_(small), seed=1)
int((result.messages.outcome == "refused").sum())
