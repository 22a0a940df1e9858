# %% [markdown]
# # 10 · What a queue does not promise
#
# **You will see** two copies of the same data that get their changes from a queue. They can disagree for a while (a stale read)
# or forever (divergence), although no message is lost. You repair this. Then you meet the questions of the next part of the
# course: consistency models.
#
# | word | meaning |
# | --- | --- |
# | replica | a copy of the data on another machine |
# | stale read | an answer that was right a moment ago |
# | divergence | replicas that stay different when all is quiet |
# | version | a number that says which of two values is newer |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

STORE = mq.Scenario.from_yaml("""
name: two replicas
until: drained
broker:
  exchanges: {writes: {type: fanout}}
  queues: {to-a: {}, to-b: {}}
  bindings: [{exchange: writes, queue: to-a}, {exchange: writes, queue: to-b}]
producers:
  client:
    {to: {exchange: writes}, arrivals: {poisson: {rate: 2}}, messages: 60, work: {exponential: {mean: 0.2}}}
consumers:
  replica-a: {queue: to-a}
  replica-b: {queue: to-b}
""")


# %% [markdown]
# Two functions read from a run what each replica holds. You need not understand them now.


# %% tags=["setup"]
def contents(result, name, until=float("inf"), rule="last"):
    """What a replica holds at a time, order by order, having applied writes in the order it did them.

    Write 0 says "order 0 is paid", write 1 "order 0 is shipped", write 2 "order 1 is paid", and so on.
    """
    done = result.deliveries.query(
        "consumer == @name and how == 'acked' and finished <= @until"
    ).sort_values("finished")
    held = dict.fromkeys(range(30), "–")
    number_of = dict(zip(result.messages["copy"], result.messages.number))
    for copy in done["copy"]:
        order, status = number_of[copy] // 2, ["paid", "shipped"][number_of[copy] % 2]
        if rule == "last" or held[order] != "shipped":
            held[order] = status
    return held


def both_replicas(result, until=float("inf"), rule="last"):
    """The contents of both, side by side."""
    return pd.DataFrame(
        {name: contents(result, f"{name}-1", until, rule) for name in ("replica-a", "replica-b")}
    )


# %% [markdown]
# ## Both on one queue
#
# A shop writes to its store: each of 30 orders becomes `paid`, and soon after `shipped`. Two replicas must hold the same data.
# The first idea is that both take their writes from **one** queue.

# %%
guess = mq.predict(
    "60 writes, two replicas on one queue. How many of the writes does replica-a get?",
    choices=["all 60", "about half"],
)
guess

# %%
one_queue = {"broker.queues": {"to-a": {}}, "broker.bindings": [{"exchange": "writes", "queue": "to-a"}]}
shared = mq.simulate(STORE.with_({**one_queue, "consumers.replica-b.queue": "to-a"}), seed=1)
both_replicas(shared).head(6)

# %%
# Run this cell for the answer.
guess.reveal(
    "about half",
    because="A queue shares its messages among the consumers. So each write is done by only one of the "
    "two.",
)

# %% [markdown]
# ## A queue for each
#
# An exchange copies every write to two queues, one for each replica.

# %%
both = mq.simulate(STORE, seed=1)
both.plot_topology()

# %%
both_replicas(both).value_counts().rename("orders").to_frame()

# %% [markdown]
# When all writes are done, all 30 orders are the same. This is called **eventual consistency**: if no more writes come, the
# replicas will agree at some time. It does not say when.

# %% [markdown]
# ## A stale read
#
# Replica-b is slow for a while: from 10 to 20 s it needs four times as long for everything. A reader asks it at 20 s.

# %%
guess = mq.predict("What may the reader get?", choices=["the newest status", "an old status", "an error"])
guess

# %%
slow = mq.simulate(
    STORE.with_({"faults": [{"slow": "replica-b-1", "at": 10, "for": 10, "factor": 4}]}), seed=1
)
slow.plot_depth()

# %%
at_20 = both_replicas(slow, until=20)
at_20[at_20["replica-a"] != at_20["replica-b"]]

# %%
# Run this cell for the answer.
guess.reveal(
    "an old status",
    because="Replica-b does not know yet what waits in to-b. The longer this queue, the older its answers.",
)

# %% [markdown]
# ## Every write arrives, and the replicas still differ
#
# One write in five fails at replica-b at first (a lock, a timeout). It gives the write back (`nack`), the queue sends it again,
# and then it works. To be quick, replica-b takes five writes ahead (`prefetch: 5`).

# %% tags=["setup"]
HICCUPS = STORE.with_(
    {
        "consumers.replica-b.fails": {"probability": 0.2, "then": "nack"},
        "consumers.replica-b.prefetch": 5,
        "producers.client.arrivals": {"poisson": {"rate": 5}},
    }
)

# %%
guess = mq.predict(
    "Every write was done and acknowledged at both replicas. Do they agree in the end?",
    choices=["yes", "no"],
)
guess

# %%
hiccups = mq.simulate(HICCUPS, seed=1)
print(next(verdict for verdict in hiccups.checks() if verdict.name == "nothing_lost").sentence)
in_the_end = both_replicas(hiccups)
in_the_end[in_the_end["replica-a"] != in_the_end["replica-b"]]

# %%
# Run this cell for the answer.
guess.reveal(
    "no",
    because="Replica-b did a 'paid' that came back after the 'shipped' that it already held.",
)

# %% [markdown]
# The two writes of order 4 on their way: at replica-b the first one fails, comes back, and is done after the second.

# %%
hiccups.plot_spacetime(messages=["client-1 #9", "client-1 #10"])

# %% [markdown]
# Nothing was lost, and nothing was done twice. But the **order** changed, and a store depends on the order. The replicas will
# never agree again by themselves. This is divergence, and it is worse than a stale read.

# %% [markdown]
# ## Repair
#
# Give each write a version (here: `shipped` is newer than `paid`), and let a replica refuse what is older than what it holds:
# *the newer one wins*. The same run, the same deliveries, another rule:

# %%
repaired = both_replicas(mq.simulate(HICCUPS, seed=1), rule="newer")
print((repaired["replica-a"] != repaired["replica-b"]).sum(), "orders differ")

# %% [markdown]
# They agree. For this we needed a version that everybody understands in the same way. With *one* client this is easy, because the
# client can count its writes. But with two clients on two machines, which write is newer? And if a write says "one more in
# stock", then the newer one must not win, because both must count. A queue can't decide this. These are questions of a
# **consistency model**:
#
# | what you would like | a queue gives it | what it takes |
# | --- | --- | --- |
# | replicas agree when all is quiet (eventual consistency) | only with care | versions, or one worker and no requeue |
# | I read what I wrote | no | wait until the replica has done it, or read where you wrote |
# | I never see an older state than before | not if I ask first a, then b | ask always the same replica, or send a version along |
# | everybody sees one order (linearizable) | no | a majority that agrees: consensus, as inside a quorum queue |

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def replicas_agree_when_quiet(seed, prefetch=1):
    """With one write at a time both are equal in the end. This fails if writes are taken ahead."""
    result = mq.simulate(HICCUPS.with_({"consumers.replica-b.prefetch": prefetch}), seed=seed)
    return contents(result, "replica-a-1") == contents(result, "replica-b-1")


replicas_agree_when_quiet(seed=1), replicas_agree_when_quiet(seed=1, prefetch=5)


# %% tags=["claim"]
def versions_repair_it(seed, rule="newer"):
    """If the newer version wins, the order does not matter. This fails if the last to arrive wins."""
    result = mq.simulate(HICCUPS, seed=seed)
    return contents(result, "replica-a-1", rule=rule) == contents(result, "replica-b-1", rule=rule)


versions_repair_it(seed=1), versions_repair_it(seed=1, rule="last")


# %% tags=["claim"]
def i_read_what_i_wrote(seed, wait=True):
    """A reader who waits for replica-b reads the write there. This fails without waiting."""
    result = mq.simulate(STORE, seed=seed)
    shipped = result.messages.query("queue == 'to-b' and number % 2 == 1")
    moments = shipped.finished if wait else shipped.published
    return all(
        contents(result, "replica-b-1", t)[n // 2] == "shipped" for n, t in zip(shipped.number, moments)
    )


i_read_what_i_wrote(seed=1), i_read_what_i_wrote(seed=1, wait=False)

# %% [markdown]
# ## Your turn
#
# `HICCUPS`, seed 1, but with `"consumers.replica-b.prefetch": 1`. Call the run `result`. Which orders differ in the end? Take
# `a, b = contents(result, "replica-a-1"), contents(result, "replica-b-1")`, and end with
# `[order for order in a if a[order] != b[order]]`.
#
# You should see: `[]`

# %% tags=["exercise"]

# %% [markdown]
# Simulate `STORE` with `"faults": [{"slow": "replica-b-1", "at": 10, "for": 10, "factor": 4}]`, seed 1, and call the run `slow`.
# How many writes is replica-b behind at 15 s? Count the writes that each has done by then, with
# `done = (slow.messages.finished <= 15).groupby(slow.messages.queue, observed=True).sum()`, and end with
# `int(done["to-a"] - done["to-b"])`.
#
# You should see: `5`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * A queue moves messages. It does not promise one order for all, and it does not promise that two readers agree.
# * A stale read passes. Divergence stays, unless versions (or one order) repair it.
# * "Delivered exactly once, in order" is a property of the whole system. No queue brings it: you have to build it.
#
# **From here:** consistency models, and how machines agree. To size a system, go on with
# [capacity planning](11_capacity_planning.ipynb).
