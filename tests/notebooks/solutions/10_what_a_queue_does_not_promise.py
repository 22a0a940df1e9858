# %%
result = mq.simulate(HICCUPS.with_({"consumers.replica-b.prefetch": 1}), seed=1)
a, b = contents(result, "replica-a-1"), contents(result, "replica-b-1")
[order for order in a if a[order] != b[order]]

# %%
slow = mq.simulate(
    STORE.with_({"faults": [{"slow": "replica-b-1", "at": 10, "for": 10, "factor": 4}]}), seed=1
)
done = (slow.messages.finished <= 15).groupby(slow.messages.queue, observed=True).sum()
int(done["to-a"] - done["to-b"])
