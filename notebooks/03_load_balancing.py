# %% [markdown]
# # 3 · Load balancing
#
# **You will see** which worker gets which task, why "everybody in turn" can be unfair, what prefetch does, why one queue is
# better than many, and when more workers no longer help.
#
# | word | meaning |
# | --- | --- |
# | round robin | everybody in turn |
# | prefetch | how many unfinished messages a worker may hold; 0 means no limit |
# | share | the part of all messages that one worker did |
# | throughput | messages done per second |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

COUNTERS = mq.Scenario.from_yaml("""
name: counters
duration: 2000
broker: {queues: {line: {}}}
producers:
  people: {to: line, arrivals: {poisson: {rate: 3.2}}, work: {exponential: {mean: 1}}}
consumers:
  clerk: {queue: line, count: 4}
""")

# %% [markdown]
# ## Everybody in turn
#
# There are five heavy tasks (3 s) and five light ones (0.5 s): heavy, light, heavy, light, and so on. Two workers may hold as
# many tasks as they get. So the broker deals the tasks out like cards.

# %%
guess = mq.predict("Who gets the heavy tasks?", choices=["both, mixed", "all of them the same worker"])
guess

# %%
dealt = mq.simulate(mq.load("fair-dispatch").with_({"consumers.worker.prefetch": 0}))
dealt.plot_lanes()

# %%
# Run this cell for the answer.
end = dealt.messages.acked.max()
guess.reveal(
    "all of them the same worker",
    because=f"Every second task is heavy. All is done after {end:g} s, and worker-2 had no task left after"
    " 2.6 s.",
)

# %% [markdown]
# ## Whoever is free
#
# One number changed: `prefetch: 1`. A worker gets its next task when it has acknowledged the last one.

# %%
guess = mq.predict("The last task was done after 15 s. And now?", unit="s")
guess

# %%
fair = mq.simulate("fair-dispatch")
fair.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal(
    fair.messages.acked.max(),
    because="Tasks now wait in the queue. There the next free worker can take them.",
)

# %% [markdown]
# ## Unequal workers
#
# There are three workers. Worker-3 needs four times as long for each task. The broker does not know this.

# %%
guess = mq.predict(
    "With prefetch 1: what share of the tasks does the slow worker get?",
    choices=["1/3", "about 1/8", "1/100"],
)
guess

# %%
unequal = mq.simulate("unequal-workers")
unequal.plot_share()

# %%
# Run this cell for the answer.
share = unequal.consumers.share["worker-3"]
guess.reveal(
    "about 1/8",
    because=f"{share:.0%}: it is free less often, so it gets fewer tasks. Nobody had to measure its speed.",
)

# %% [markdown]
# ## One queue or many?
#
# There are four clerks. Either each clerk has a line and people choose one at random, or all people stand in one line.


# %% tags=["setup"]
def four_lines(scenario):
    """The same people and clerks, with a queue for each clerk."""
    names = ["line-1", "line-2", "line-3", "line-4"]
    clerks = {f"clerk{n}": {"queue": name} for n, name in enumerate(names, 1)}
    to = [{"weight": 1, "queue": name} for name in names]
    return scenario.with_(
        {"broker.queues": {name: {} for name in names}, "producers.people.to": to, "consumers": clerks}
    )


def mean_wait(scenario, seed, longest_work=float("inf")):
    """Seconds in line, on average; of those alone whose work is no longer than so many seconds."""
    people = mq.simulate(scenario, seed=seed).messages
    short = people.finished - people.started <= longest_work
    return float((people.started - people.created)[short].mean())


# %%
guess = mq.predict(
    "How many times longer is the wait with four lines?",
    choices=["the same", "2 times", "more than 4 times"],
)
guess

# %%
one, many = mq.simulate(COUNTERS, seed=1), mq.simulate(four_lines(COUNTERS), seed=1)
waits = {
    name: result.messages.started - result.messages.created
    for name, result in {"one line": one, "four lines": many}.items()
}
pd.DataFrame(waits).plot.hist(
    bins=40,
    subplots=True,
    title=["one line", "four lines"],
    legend=False,
    sharey=True,
    figsize=(9, 4),
    xlabel="wait (s)",
    ylabel="people",
    color=["#0072B2", "#E69F00"],
);

# %%
# Run this cell for the answer.
ratio = waits["four lines"].mean() / waits["one line"].mean()
guess.reveal(
    "more than 4 times",
    because=f"{ratio:.1f} times: with four lines a clerk can be idle while people wait in another line.",
)

# %% [markdown]
# ## More and more workers
#
# 300 tasks of one second are there at the start. How does the throughput grow? Each task also needs the broker's own time,
# 50 ms to hand it out.


# %% tags=["setup"]
def throughput(workers, deliver=0.05, seed=1):
    """Tasks per second, until 300 tasks are done."""
    plant = mq.Scenario.from_yaml("""
    until: drained
    broker: {queues: {tasks: {}}}
    producers:
      boss:
        to: tasks
        arrivals: {batches: {every: 1, size: 300}}
        messages: 300
        work: {uniform: {low: 0.5, high: 1.5}}
    consumers: {worker: {queue: tasks}}
    """)
    plant = plant.with_({"consumers.worker.count": workers, "broker.costs.deliver": deliver})
    tasks = mq.simulate(plant, seed=seed).messages
    return 300 / float(tasks.finished.max() - tasks.created.min())


# %%
guess = mq.predict("10 workers do about 10 tasks a second. And 40 workers?", unit="tasks/s")
guess

# %%
crowd = pd.Series({workers: throughput(workers) for workers in (1, 5, 10, 20, 40)}, name="tasks per second")
crowd.plot(
    marker="o",
    figsize=(9, 3.6),
    xlabel="workers",
    ylabel="tasks per second",
    ylim=(0, 25),
    title="Throughput against workers",
);

# %%
# Run this cell for the answer.
guess.reveal(
    round(crowd[40], 1),
    because="The broker can hand out 1 / 0.05 = 20 a second. More workers help only until the broker is "
    "busy all the time.",
)

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def one_line_is_quicker(seed, elephants=False):
    """One line for all waits less than four. This fails for mice if elephants have a line of their own."""
    if not elephants:
        return mean_wait(COUNTERS, seed) < mean_wait(four_lines(COUNTERS), seed)
    mixed = {"discrete": {"values": [0.1, 30], "weights": [0.97, 0.03]}}
    together = COUNTERS.with_({"producers.people.work": mixed})
    mice = {"arrivals": {"poisson": {"rate": 3.1}}, "work": 0.1, "to": "quick"}
    apart = COUNTERS.with_(
        {
            "broker.queues": {"quick": {}},
            "producers.people": mice,
            "consumers.clerk": {"queue": "quick", "count": 1},
        }
    )  # one clerk of four for the mice, three for the elephants elsewhere
    return mean_wait(together, seed, longest_work=1) < mean_wait(apart, seed, longest_work=1)


one_line_is_quicker(seed=1), one_line_is_quicker(seed=1, elephants=True)


# %% tags=["claim"]
def prefetch_one_is_quicker(seed, latency=0):
    """With prefetch 1 the last task is done earlier than with no limit. This fails with a far broker."""
    tasks = {"at": [0] * 60}
    work = {"exponential": {"mean": 0.05 if latency else 1}}
    scenario = mq.load("unequal-workers").with_(
        {
            "duration": None,
            "until": "drained",
            "producers.web.arrivals": tasks,
            "producers.web.work": work,
            "consumers.worker.speed": 1,
            "network.latency": latency,
        }
    )
    one, unlimited = (
        mq.simulate(scenario.with_({"consumers.worker.prefetch": p}), seed=seed) for p in (1, 0)
    )
    return bool(one.messages.finished.max() < unlimited.messages.finished.max())


prefetch_one_is_quicker(seed=1), prefetch_one_is_quicker(seed=1, latency=0.2)


# %% tags=["claim"]
def twice_the_workers_do_twice_as_much(seed, workers=5):
    """Ten workers do (nearly) twice what five do. Forty don't do twice what twenty do: the broker is full."""
    return throughput(2 * workers, seed=seed) > 1.7 * throughput(workers, seed=seed)


twice_the_workers_do_twice_as_much(seed=1), twice_the_workers_do_twice_as_much(seed=1, workers=20)

# %% [markdown]
# ## Your turn
#
# The preset `mq.load("unequal-workers")` with `"consumers.worker.prefetch": 0`: what share of all messages is sent to the slow
# worker, worker-3? Call the run `result`, and end with
# `round(float((result.messages.consumer == "worker-3").mean()), 2)`.
#
# You should see: `0.33`

# %% tags=["exercise"]

# %% [markdown]
# How long until all is done in `mq.load("fair-dispatch")` with **five** workers, `"consumers.worker.count": 5`? (Prefetch is 1
# there.) Guess first. Call the run `result`, and end with
# `float(result.messages.acked.max())`.
#
# You should see: `4.6`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * With one queue and `prefetch: 1`, the worker that is free gets the next task. This shares the work well, also among unequal
#   workers.
# * With prefetch 1 a worker waits for the network after each task. If tasks are short and the broker is far away, choose more.
# * More workers help only until something else is the bottleneck.
#
# **Next:** [04 · Reliability](04_reliability.ipynb)
