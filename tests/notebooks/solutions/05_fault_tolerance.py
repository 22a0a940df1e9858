# %%
dark = {
    "faults": [{"power_off": "worker-3", "at": 50, "restart_after": 60}],
    "consumers.worker.heartbeat": 30,
}
result = mq.simulate(FARM.with_(dark), seed=1)
float(result.events.query("kind == 'returned'").t.min() - 50)

# %%
[split(19), split(20), split(21)]
