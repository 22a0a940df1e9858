# %% [markdown]
# # 5 · Fault tolerance
#
# **You will see** how a system of queues goes on while parts of it fail: how soon a fault is noticed, what a network split does,
# and how three brokers replace one. You will also see what they can't do.
#
# | word | meaning |
# | --- | --- |
# | heartbeat | a sign of life on a connection; two missed, and the other end counts as dead |
# | partition | two machines that are both up and can't reach each other |
# | quorum queue | a queue that is kept on several nodes; it goes on while a majority is up |
# | leader | the node that speaks for such a queue; when it dies the others elect |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

FARM = mq.Scenario.from_yaml("""
name: farm
duration: 200
broker: {queues: {tasks: {}}}
producers:
  web: {to: tasks, arrivals: {poisson: {rate: 2}}, stop: 190, work: {exponential: {mean: 1}}}
consumers:
  worker: {queue: tasks, count: 3, heartbeat: 10}
faults:
  - {crash: worker-3, at: 50, restart_after: 60}
""")

# %% [markdown]
# ## One of three is gone
#
# Three workers get two tasks a second on average. Each task takes one second. Worker-3 is away from 50 to 110 s. We know that
# nothing is lost. Two workers can do two tasks a second. Is that enough?

# %%
guess = mq.predict(
    "What happens to the queue while worker-3 is away?", choices=["it stays short", "it grows", "it stops"]
)
guess

# %%
crash = mq.simulate(FARM, seed=1)
crash.plot_depth()

# %%
# Run this cell for the answer.
guess.reveal(
    "it grows",
    because="When several tasks come together, two workers can never catch up. You need spare capacity.",
)

# %% [markdown]
# ## How is a fault noticed?
#
# When a **program** crashes, its operating system closes the connection: the broker knows at once. When the **machine** loses
# power, nobody says a word. The broker waits for two heartbeats, here 10 s each.

# %%
guess = mq.predict("Power goes at 50 s. After how long does the queue have its task back?", unit="s")
guess

# %%
dark = mq.simulate(
    FARM.with_({"faults": [{"power_off": "worker-3", "at": 50, "restart_after": 60}]}), seed=1
)
dark.plot_lanes()

# %%
# Run this cell for the answer.
back = dark.events.query("kind == 'returned'").t.min()
guess.reveal(
    back - 50,
    because="After two heartbeats of 10 s. With shorter ones the broker notices earlier, but a slow "
    "network then looks dead.",
)

# %% [markdown]
# ## The broker restarts
#
# For three seconds nobody can publish or get a message. All connections are lost, and the programs connect again.

# %%
restart = mq.simulate("broker-restart")
restart.plot_lanes()

# %% [markdown]
# One task was done twice: look at 5.5 s. The worker finished it, but had no connection for its acknowledgement. (Notebook 04
# calls this "at least once".)

# %% [markdown]
# ## A partition
#
# The cable between worker-1 and the broker is cut for a while. Both sides go on. TCP keeps what it can't send, and tries again.


# %% tags=["setup"]
def split(seconds, seed=1):
    """The farm, with plenty to do, and worker-1 cut off at 50 s: how many tasks are done more than once?"""
    cut = {"faults": [{"partition": ["worker-1", "broker"], "at": 50, "for": seconds}]}
    result = mq.simulate(FARM.with_({**cut, "producers.web.arrivals": {"poisson": {"rate": 4}}}), seed=seed)
    return int((result.deliveries.dropna(subset="finished").groupby("copy").size() > 1).sum())


# %%
guess = mq.predict(
    "A cut of 5 s, and one of 60 s: when is a task done twice?",
    choices=["never", "after 60 s only", "both times"],
)
guess

# %%
pd.DataFrame({"cut (s)": [5, 60], "done twice": [split(5), split(60)]}).set_index("cut (s)")

# %%
# Run this cell for the answer.
guess.reveal(
    "after 60 s only",
    because="A cut that is shorter than two heartbeats is only a delay. After a longer one, each side "
    "thinks that the other is dead.",
)

# %% [markdown]
# ## Three brokers stand in for one
#
# A **quorum queue** is kept on three nodes. Its leader is killed at 5.2 s.

# %%
guess = mq.predict("What do the workers notice?", choices=["nothing", "a pause", "lost messages"])
guess

# %%
failover = mq.simulate("quorum-failover")
failover.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal(
    "a pause",
    because="Two of three are a majority: they elect a new leader, in about 2 s here. Then the queue goes"
    " on.",
)

# %% [markdown]
# One task is done at the very end, although it is older than the others: task #11. The worker had it in hand when its node,
# broker-1, was killed. From RabbitMQ 4.3 on a quorum queue keeps such a task for its worker until that node is back (or for
# a minute). Broker-1 is back at 14.7 s; only then is the task sent again. (A worker that crashes by itself gives its task
# back at once: then it is the connection that ends, not the node.)

# %% [markdown]
# A classic queue lives on one node. The same fault, the same producer:

# %%
classic = mq.simulate(mq.load("quorum-failover").with_({"broker.queues.tasks.type": "classic"}))
rows = {"quorum": failover.summary()["messages"], "classic": classic.summary()["messages"]}
pd.DataFrame(rows).T[["created", "acked", "unroutable", "lost"]]

# %% [markdown]
# ## Two of three are down
#
# Now broker-2 is killed as well, from 4 to 12 s. One node is left: it has every message, and is alone.

# %% tags=["setup"]
TWO_DOWN = mq.load("quorum-failover").with_(
    {
        "faults": [{"kill": "broker-2", "at": 4, "down": 8}, {"kill": "broker-1", "at": 5.2, "down": 9.5}],
    }
)

# %%
guess = mq.predict(
    "What does the last node do between 5.2 and 12 s?",
    choices=["it goes on", "it stops", "it loses messages"],
)
guess

# %%
alone = mq.simulate(TWO_DOWN)
alone.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal(
    "it stops",
    because="It can't know whether the others are dead, or go on without it. It stops, because stopping "
    "is safer than disagreeing.",
)

# %% [markdown]
# Every replicated system must make this choice. When the network splits, it can stay **consistent** or stay **available**, but
# not both. Quorum queues stay consistent.

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def a_dead_worker_costs_no_task(seed, ack="manual"):
    """A worker without power loses no task. This fails with automatic acknowledgement."""
    dark = {"faults": [{"power_off": "worker", "at": 50, "restart_after": 60}], "consumers.worker.ack": ack}
    return mq.simulate(FARM.with_(dark), seed=seed).summary()["messages"]["lost"] == 0


a_dead_worker_costs_no_task(seed=1), a_dead_worker_costs_no_task(seed=1, ack="auto")


# %% tags=["claim"]
def a_short_cut_is_only_a_delay(seed, seconds=5):
    """Shorter than two heartbeats, a partition doubles no work. This fails when it is longer."""
    return split(seconds, seed) == 0


a_short_cut_is_only_a_delay(seed=1), a_short_cut_is_only_a_delay(seed=1, seconds=60)


# %% tags=["claim"]
def a_quorum_queue_survives_its_leader(seed, kind="quorum"):
    """Every message comes through although the leader is killed. This fails in a classic queue."""
    changes = {"broker.queues.tasks.type": kind, "producers.sender.arrivals": {"poisson": {"rate": 2}}}
    result = mq.simulate(mq.load("quorum-failover").with_(changes), seed=seed)
    return result.summary()["messages"]["acked"] == len(result.messages)


a_quorum_queue_survives_its_leader(seed=1), a_quorum_queue_survives_its_leader(seed=1, kind="classic")


# %% tags=["claim"]
def work_goes_on_while_nodes_are_down(seed, down=1):
    """One of three nodes down: messages are delivered all the while. This fails with two of three down."""
    scenario = mq.load("quorum-failover") if down == 1 else TWO_DOWN
    busy = {"producers.sender.arrivals": {"poisson": {"rate": 2}}, "producers.sender.messages": 60}
    sent = mq.simulate(scenario.with_(busy), seed=seed).deliveries.sent
    return bool(sent.between(8, 12).any())


work_goes_on_while_nodes_are_down(seed=1), work_goes_on_while_nodes_are_down(seed=1, down=2)

# %% [markdown]
# ## Your turn
#
# Power goes at 50 s: take the run `dark` from above, and add `"consumers.worker.heartbeat": 30` to its changes. Call the run
# `result`. After how many seconds is its task back? End with `float(result.events.query("kind == 'returned'").t.min() - 50)`.
#
# You should see: `60.0`

# %% tags=["exercise"]

# %% [markdown]
# How many tasks are done twice when the cut lasts 19 s, 20 s, 21 s? End with `[split(19), split(20), split(21)]`.
#
# You should see: `[0, 0, 1]`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * A crash is noticed at once, and a machine without power after two heartbeats. A short cut is not noticed at all.
# * If the loss of one worker must do no harm, have one worker more than you need.
# * A quorum queue goes on while a majority of its nodes is up. Otherwise it stops, because stopping is safer than disagreeing.
#
# **Next:** [06 · The task queue](06_task_queue.ipynb)
