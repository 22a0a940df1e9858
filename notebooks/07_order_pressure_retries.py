# %% [markdown]
# # 7 · Order, priorities, backpressure, dead letters, retry storms
#
# **You will see** five things that a queue does with messages. It keeps them in order, or not. It lets urgent ones go first. It
# refuses some when it is full. It puts bad ones aside. And it gets some again and again.
#
# | word | meaning |
# | --- | --- |
# | backpressure | a full queue tells the producer to slow down |
# | dead letter | a message that could not be worked on, and is put aside in another queue |
# | poison message | a message that makes every worker fail |
# | back-off | wait longer before each further try |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

DESK = mq.Scenario.from_yaml("""
name: desk
until: drained
broker: {queues: {tasks: {}}}
producers:
  web: {to: tasks, arrivals: {poisson: {rate: 1}}, messages: 100, work: {exponential: {mean: 0.8}}}
consumers:
  worker: {queue: tasks}
""")


def overtaken(result):
    """How many messages were finished after one that had been sent later."""
    finished = result.messages.sort_values("number").finished
    return int((finished > finished[::-1].cummin()[::-1]).sum())


# %% [markdown]
# ## In order?
#
# A queue is first in, first out: messages *leave* it in order. Here are 100 messages that need different times.

# %%
guess = mq.predict(
    "One worker, then two: are the messages also finished in order?",
    choices=["both times", "only with one", "never"],
)
guess

# %%
two = mq.simulate(DESK.with_({"consumers.worker.count": 2}), seed=1)
two.plot_spacetime(start=0, end=15)

# %%
# Run this cell for the answer.
counts = [overtaken(mq.simulate(DESK.with_({"consumers.worker.count": n}), seed=1)) for n in (1, 2)]
guess.reveal(
    "only with one",
    because=f"With one worker {counts[0]} of 100 are overtaken, with two {counts[1]}. First out is not "
    "first done.",
)

# %% [markdown]
# Where order matters (deposits into one account), send what belongs together to one queue with one worker. Different accounts
# may go to different queues.

# %% [markdown]
# ## Some go first
#
# One task in ten is urgent (priority 5). The queue is a **priority queue** (`max_priority: 5`). The worker is 80 % busy.

# %% tags=["setup"]
URGENT = DESK.with_(
    {
        "producers.web.arrivals": {"poisson": {"rate": 8}},
        "producers.web.work": {"exponential": {"mean": 0.1}},
        "producers.web.messages": 20_000,
        "producers.web.priority": {0: 0.9, 5: 0.1},
        "broker.queues.tasks.max_priority": 5,
    }
)


def waits(scenario, seed):
    """Mean wait of the normal and of the urgent messages, in seconds."""
    tasks = mq.simulate(scenario, seed=seed).messages
    return (
        (tasks.started - tasks.enqueued).groupby(tasks.priority).mean().rename({0: "normal", 5: "urgent"})
    )


# %%
guess = mq.predict(
    "Without priorities everybody waits 0.4 s on average. How long do urgent tasks wait now?", unit="s"
)
guess

# %%
table = pd.DataFrame(
    {
        "first come, first served": waits(URGENT.with_({"broker.queues.tasks.max_priority": None}), seed=1),
        "urgent first": waits(URGENT, seed=1),
        "urgent first, but prefetch 0": waits(URGENT.with_({"consumers.worker.prefetch": 0}), seed=1),
    }
)
table.round(2)

# %%
# Run this cell for the answer.
guess.reveal(
    round(float(table.loc["urgent", "urgent first"]), 2),
    because="Only the task that is in work comes before them. The others wait a little longer.",
)

# %% [markdown]
# Look at the last column. A worker that takes everything at once (`prefetch: 0`) has emptied the queue, so nothing is left to
# sort. Priorities only count in the queue. They do not count for the messages that a worker already holds.

# %% [markdown]
# ## Too much
#
# For one minute twelve tasks a second come. The workers can do ten a second. What happens to the others?

# %% tags=["setup"]
RUSH = mq.Scenario.from_yaml("""
name: rush
duration: 120
broker: {queues: {tasks: {max_length: 20, overflow: reject-publish}}}
producers:
  web: {to: tasks, arrivals: {poisson: {rate: 12}}, stop: 60, work: {exponential: {mean: 0.2}}, confirms: {}}
consumers:
  worker: {queue: tasks, count: 2}
""")

# %%
guess = mq.predict(
    "A queue of at most 20 refuses the rest. How many of 720 tasks, roughly?",
    choices=["about 20", "100 to 200", "nearly all"],
)
guess

# %%
bounded = mq.simulate(RUSH, seed=1)
bounded.plot_depth()

# %%
# Run this cell for the answer.
refused = int((bounded.messages.outcome == "refused").sum())
guess.reveal(
    "100 to 200",
    because=f"{refused}. The workers do ten of twelve a second, with any queue. The others must be refused.",
)

# %%
unbounded = mq.simulate(RUSH.with_({"broker.queues.tasks": {}}), seed=1)
runs = {"at most 20": bounded, "no limit": unbounded}
pd.DataFrame({name: run.summary()["queues"]["tasks"]["wait"] for name, run in runs.items()}).T[
    ["count", "mean", "p95"]
].round(1)

# %% [markdown]
# A short queue refuses some messages early, and the others are done in time. A long queue accepts every message, and every
# message is late.

# %% [markdown]
# ## Poison
#
# At 5.5 s comes a message that can't be worked on. The worker gives it back (`nack`), it goes to the head of the queue, the
# broker sends it again, and so on.

# %%
guess = mq.predict("Without a limit to the attempts: how many of the 20 good messages get done in 30 s?")
guess

# %%
stuck = mq.simulate(mq.load("poison").with_({"consumers.worker.fails.attempts": None}))
stuck.plot_lanes()

# %%
# Run this cell for the answer.
done = int((stuck.messages[stuck.messages.producer == "good-1"].outcome == "acked").sum())
guess.reveal(
    done,
    because="Only those that came before it. The poison message stays at the head of the queue forever.",
)

# %%
limited = mq.simulate("poison")
limited.messages.groupby(["queue", "outcome"], observed=True).size().rename("messages").to_frame()

# %% [markdown]
# With `attempts: 3` the worker refuses it for good at the third try, and the queue hands it to a **dead letter queue**, where
# a person can look at it.

# %% [markdown]
# ## A retry storm
#
# Both workers are away from 20 to 40 s, and the queue is full. The producer tries each refused message again every half second.
# The picture counts what is published in each second: first tries and retries together.


# %% tags=["setup"]
def published_per_second(result):
    """How often something was published in each second: every message once, and each retry."""
    times = pd.concat([result.messages.created, result.events.query("kind == 'retried'").t])
    seconds = range(int(result.trace.end))
    return times.astype(int).value_counts().reindex(seconds, fill_value=0)


# %%
guess = mq.predict(
    "About 1200 messages are made. How often is something published in all?",
    choices=["1200 times", "about 2000", "more than 10 000"],
)
guess

# %%
storm = mq.simulate("retry-storm")
calm = mq.simulate(mq.load("retry-storm").with_({"producers.web.retry.factor": 2}))
published = pd.DataFrame(
    {
        "again every 0.5 s": published_per_second(storm),
        "twice as long each time": published_per_second(calm),
    }
)
published.plot(
    figsize=(9, 3.4),
    style=["-", "--"],
    xlabel="time (s)",
    ylabel="published in each second",
    title="What the producer publishes, first tries and retries",
);

# %%
# Run this cell for the answer.
numbers = {
    name: run.summary()["producers"]["web-1"]
    for name, run in {"every 0.5 s": storm, "twice as long each time": calm}.items()
}
table = pd.DataFrame(numbers).T[["created", "published"]].astype(int)
guess.reveal(
    "more than 10 000",
    because=f"{table.published.iloc[0]} times; with back-off {table.published.iloc[1]}.",
)

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def finished_in_order(seed, workers=1):
    """One queue and one worker finish messages in order. This fails with two workers."""
    return overtaken(mq.simulate(DESK.with_({"consumers.worker.count": workers}), seed=seed)) == 0


finished_in_order(seed=1), finished_in_order(seed=1, workers=2)


# %% tags=["claim"]
def urgent_waits_less(seed, prefetch=1):
    """Urgent messages wait less than half as long as others. This fails without a prefetch limit."""
    mean = waits(
        URGENT.with_({"producers.web.messages": 4000, "consumers.worker.prefetch": prefetch}), seed
    )
    return bool(mean["urgent"] < mean["normal"] / 2)


urgent_waits_less(seed=1), urgent_waits_less(seed=1, prefetch=0)


# %% tags=["claim"]
def nobody_waits_long(seed, most=20):
    """A message that a short queue accepts waits at most 5 s. This fails in a queue for a thousand."""
    return (
        mq.simulate(RUSH.with_({"broker.queues.tasks.max_length": most}), seed=seed).summary()["queues"][
            "tasks"
        ]["wait"]["max"]
        < 5
    )


nobody_waits_long(seed=1), nobody_waits_long(seed=1, most=1000)


# %% tags=["claim"]
def good_messages_get_by(seed, attempts=3):
    """A poison message is put aside, and the good ones are all done. This fails if it is tried forever."""
    changes = {
        "producers.good.work": {"exponential": {"mean": 0.3}},
        "consumers.worker.fails.attempts": attempts,
        "duration": 60,
    }
    tasks = mq.simulate(mq.load("poison").with_(changes), seed=seed).messages
    return bool((tasks[tasks.producer == "good-1"].outcome == "acked").all())


good_messages_get_by(seed=1), good_messages_get_by(seed=1, attempts=None)


# %% tags=["claim"]
def retries_are_few(seed, factor=2):
    """With back-off a message is published fewer than 4 times on average. This fails without back-off."""
    web = mq.simulate(
        mq.load("retry-storm").with_({"producers.web.retry.factor": factor}), seed=seed
    ).summary()["producers"]["web-1"]
    return web["published"] < 4 * web["created"]


retries_are_few(seed=1), retries_are_few(seed=1, factor=1)

# %% [markdown]
# ## Your turn
#
# `RUSH`, seed 1, with `"broker.queues.tasks.overflow": "drop-head"`: now the queue throws away its **oldest** message to make
# room. Call the run `result`. What is the mean wait of those that are done? End with
# `round(result.summary()["queues"]["tasks"]["wait"]["mean"], 1)`.
#
# You should see: `1.3`

# %% tags=["exercise"]

# %% [markdown]
# `DESK`, seed 1, with `"consumers.worker.count": 10`: how many messages are overtaken? Guess: more than with two workers, or
# fewer? Call the run `ten`, and end with `overtaken(ten)`.
#
# You should see: `26`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * Messages leave the queue in order, but they are not always done in order: two workers are enough to change it.
# * With a limit, a queue refuses what it can't do in time. Without one, every message waits longer and longer.
# * Every retry needs a back-off and a limit, and every important queue needs a dead letter queue.
#
# **Next:** [08 · How many workers?](08_how_many_workers.ipynb)
