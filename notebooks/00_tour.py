# %% [markdown]
# # 0 · A tour in five minutes
#
# **You will see** what a message queue is for. It shares work among workers. When a worker fails, the work is usually not lost.
#
# Run the cells from top to bottom with Shift+Enter. Before each picture you are asked for a guess. Do guess: you learn most
# where your guess was wrong.

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq

# %% [markdown]
# ## Three tasks, one worker
#
# A **producer** puts three tasks into a **queue**, all at once. Each takes two seconds of work. One **worker** (a
# *consumer*) takes them out, one after the other.

# %%
guess = mq.predict("When is the last task done?", unit="s")
guess

# %%
alone = mq.simulate("task-queue")
alone.plot_lanes(end=6.5)

# %%
# Run this cell for the answer.
guess.reveal(
    alone.messages.acked.max(),
    because="Three times two seconds. A task that waits is not lost. It is only done later.",
)

# %% [markdown]
# ## Three tasks, three workers
#
# The producer does not know about this. It sends to the queue as before, and two more workers take from the queue. The time
# axis is as long as in the picture above, so you can compare the two.

# %%
guess = mq.predict("And now: when is the last task done?", unit="s")
guess

# %%
three = mq.simulate(mq.load("task-queue").with_({"consumers.worker.count": 3}))
three.plot_lanes(end=6.5)

# %%
# Run this cell for the answer.
guess.reveal(
    three.messages.acked.max(), because="Each worker takes one task, and they work at the same time."
)

# %% [markdown]
# ## A worker dies
#
# Six tasks, two workers. After three seconds worker-1 is killed, in the middle of a task, and never comes back.

# %%
guess = mq.predict(
    "What happens to the task that worker-1 was working on?",
    choices=["it is lost", "worker-2 does it", "it waits until worker-1 is back"],
)
guess

# %%
crash = mq.simulate("worker-crash")
crash.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal("worker-2 does it", because="It was not acknowledged, so the queue kept it and sent it again.")

# %% [markdown]
# The mark on worker-2's lane shows the task that had to start again from the beginning.

# %% [markdown]
# ## One word changed
#
# The same crash. But now the broker (the program that keeps the queue) counts a task as done when it is **sent**, not
# when the worker says so: `ack: auto`.

# %%
guess = mq.predict("How many of the six tasks are lost?", choices=["0", "1", "2", "3"])
guess

# %%
auto = mq.simulate(mq.load("worker-crash").with_({"consumers.worker.ack": "auto"}))
auto.plot_lanes()

# %%
# Run this cell for the answer.
lost = int((auto.messages.outcome == "lost").sum())
guess.reveal(
    str(lost),
    because="All six were sent at once. When worker-1 died, it was working on one task, and one more "
    "waited there.",
)

# %% [markdown]
# ## Watch it happen
#
# This plays the run with the crash. Press play, or step one event forward or back. Click on a worker to crash it at another time.

# %%
mq.simulate("worker-crash").replay()

# %% [markdown]
# ## Turn the knobs
#
# Now tasks come at random: eight a second, with 0.2 s of work each. Worker-3 is four times as slow as the others. How many
# workers are needed so that almost no task waits? (If you choose more than three, the fourth is as fast as the first, the
# fifth as fast as the second, and so on.)

# %%
mq.explore("unequal-workers", vary=["consumers.worker.count", "consumers.worker.prefetch"])

# %% [markdown]
# ## The claim, and when it does not hold
#
# A claim is a statement that you can test with a run. The first result says whether it holds. For the second result one thing
# is changed, and there it does not hold. Try other seeds: each seed is another day, with other tasks.


# %% tags=["claim"]
def a_crash_loses_no_task(seed, ack="manual"):
    """Another worker does the task of a crashed one. This fails with automatic acknowledgement."""
    random_tasks = {"producers.sender.work": {"exponential": {"mean": 2}}}
    scenario = mq.load("worker-crash").with_(
        {"consumers.worker.ack": ack, "faults.0.at": 0.01, **random_tasks}
    )
    return mq.simulate(scenario, seed=seed).summary()["messages"]["lost"] == 0


a_crash_loses_no_task(seed=1), a_crash_loses_no_task(seed=1, ack="auto")

# %% [markdown]
# ## Your turn
#
# Three tasks, **two** workers. When is the last task done? Copy the cell with three workers. In the copy, write `two`
# instead of `three` and the number 2 instead of 3. Then replace the last line by `float(two.messages.acked.max())`.
#
# You should see: `4.0`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * A queue lets you add workers without telling the producer.
# * A task that is acknowledged *after* the work survives its worker.
# * A task that is acknowledged *before* the work is lost with its worker. One setting decides this: `ack`.
#
# **Next:** [01 · Producer, queue, consumer, broker](01_producer_queue_consumer.ipynb)
