# %% [markdown]
# # 9 · The usual mistakes
#
# **You will see** six mistakes that nearly everybody makes once, each reproduced, looked at, and fixed. Five of them give no
# error message at all. Number 4 gives one, but late, and in a line that looks innocent. That is why so many people make
# them.
#
# | word | meaning |
# | --- | --- |
# | unroutable | a message that no queue is bound for |
# | to hoard | to hold more messages than a worker can work on |
# | round trip | a question to the broker, and its answer |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

PLAIN = mq.Scenario.from_yaml("""
name: plain
duration: 60
broker: {queues: {tasks: {}}}
producers:
  web: {to: tasks, arrivals: {poisson: {rate: 1}}, stop: 50, work: {exponential: {mean: 0.5}}}
consumers:
  worker: {queue: tasks}
""")
TYPO = {"producers.web.to": {"exchange": "", "key": "taks"}}

# %% [markdown]
# ## 1 · A name misspelt
#
# The queue is `tasks`. The producer sends to `taks`.

# %%
guess = mq.predict("What does the producer notice?", choices=["an error", "a warning", "nothing"])
guess

# %%
typo = mq.simulate(PLAIN.with_(TYPO), seed=1)
typo.plot_topology()

# %%
# Run this cell for the answer.
gone = int((typo.messages.outcome == "unroutable").sum())
guess.reveal(
    "nothing",
    because=f"No queue took any of the {gone} messages. The broker threw them away and told nobody.",
)

# %% [markdown]
# **Fix it:** write the name in one place that both programs import, and publish with `mandatory=True`, so that the broker gives
# back what it can't route. *Declaring* the queue in both programs does not help here: a producer that declares `taks` makes a
# second queue, nothing comes back, and the messages pile up there unseen (see "Your turn").

# %%
told = mq.simulate(PLAIN.with_({**TYPO, "producers.web.mandatory": True}), seed=1)
runs = {"silent": typo, "mandatory": told}
rows = {name: run.summary()["producers"]["web-1"] for name, run in runs.items()}
pd.DataFrame(rows).T[["published", "returned"]].astype(int)

# %% [markdown]
# ## 2 · The acknowledgement forgotten
#
# In the test everything works, because every task is done. But the worker never calls `basic_ack`. At 8 s it is restarted.

# %% tags=["setup"]
# %%program forgetful
import time

import pika

channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
channel.queue_declare(queue="tasks")


def work(channel, method, properties, body):
    time.sleep(1)
    print("done", body.decode())


channel.basic_consume("tasks", work)
channel.start_consuming()

# %% tags=["setup"]
# %%program five
import pika

channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
channel.queue_declare(queue="tasks")
for number in range(1, 6):
    channel.basic_publish("", "tasks", f"task {number}")

# %%
guess = mq.predict(
    "Five tasks. How often is a task done, in all?", choices=["5 times", "6 times", "10 times"]
)
guess

# %%
forgot = mq.run_programs(
    ["five", "forgetful"], faults=[{"crash": "forgetful-1", "at": 8, "restart_after": 1}]
)
print(forgot.transcript())

# %%
# Run this cell for the answer.
done = sum(line.text.startswith("done") for line in forgot.lines)
guess.reveal(
    f"{done} times",
    because="The broker never heard that they were done. It kept all five and sent them to the next worker.",
)

# %% [markdown]
# **Fix it:** `channel.basic_ack(method.delivery_tag)` as the callback's last line. **See it early:** look at the number of
# *unacknowledged* messages; it should not be larger than your workers times their prefetch.

# %% [markdown]
# ## 3 · Hoarding
#
# No prefetch is set, so a worker may hold any number of messages. There are three workers, and one of them is four times as slow.

# %%
guess = mq.predict("With prefetch 1 the 99th percentile of the wait is 0.6 s. Without a limit?", unit="s")
guess

# %%
hoard = mq.simulate(mq.load("unequal-workers").with_({"consumers.worker.prefetch": 0}))
hoard.plot_lanes()

# %%
# Run this cell for the answer.
p99 = hoard.summary()["queues"]["tasks"]["wait"]["p99"]
guess.reveal(
    p99, because="A third of the tasks waits at the slow worker, while the fast workers have nothing to do."
)

# %% [markdown]
# **Fix it:** `channel.basic_qos(prefetch_count=1)`; a little more if the broker is far away.

# %% [markdown]
# ## 4 · Tasks that block the heartbeat
#
# The callback works for about 27 s on each task. Meanwhile pika can't answer the broker's heartbeats. The heartbeat is 10 s
# here, and after two that are missed the broker closes the connection. The program notices this only when
# its work is done: `basic_ack` raises an error.

# %% tags=["setup"]
LONG = mq.Scenario.from_yaml("""
name: long work
duration: 180
broker: {queues: {tasks: {}}}
producers:
  web: {to: tasks, arrivals: {at: [0, 1]}, work: {uniform: {low: 24, high: 30}}}
consumers:
  worker: {queue: tasks, heartbeat: 10, blocking: true}
""")

# %%
guess = mq.predict(
    "Two tasks of about 27 s, three minutes. How many tasks are acknowledged?", choices=["0", "1", "2"]
)
guess

# %%
endless = mq.simulate(LONG, seed=1)
endless.plot_lanes()

# %%
# Run this cell for the answer.
acked = int((endless.messages.outcome == "acked").sum())
guess.reveal(
    str(acked),
    because="Each time the work is done, the connection is already closed. So the task is sent again, "
    "forever.",
)

# %% [markdown]
# **Fix it:** do the work in a second thread and acknowledge in the thread of the connection (`add_callback_threadsafe`). Or cut
# long work into pieces, or choose a longer heartbeat.

# %%
patient = mq.simulate(LONG.with_({"consumers.worker.blocking": False}), seed=1)
patient.plot_lanes()

# %% [markdown]
# ## 5 · A connection for each message
#
# A web page publishes, and opens a connection each time. The broker is 5 ms away.

# %% tags=["setup"]
# %%program each_time
import time

import pika

began = time.monotonic()
for _ in range(20):
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    connection.channel().basic_publish("", "tasks", b"hello")
    connection.close()
print(f"20 messages in {time.monotonic() - began:.2f} s")

# %% tags=["setup"]
# %%program once
import time

import pika

began = time.monotonic()
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
for _ in range(20):
    channel.basic_publish("", "tasks", b"hello")
connection.close()
print(f"20 messages in {time.monotonic() - began:.2f} s")

# %%
guess = mq.predict(
    "How many times longer does it take, with a connection for each?",
    choices=["2 times", "5 times", "about 20 times"],
)
guess

# %%
queue = {"broker": {"queues": {"tasks": {}}}, "duration": 10}
connections = mq.run_programs(["each_time", "once"], latency=0.005, scenario=queue)
print(connections.transcript())

# %%
# Run this cell for the answer.
guess.reveal("about 20 times", because="Connecting takes several round trips, and publishing takes none.")

# %% [markdown]
# **Fix it:** one connection for the life of the program.

# %% [markdown]
# ## 6 · Try again at once, forever
#
# A callback that fails calls `basic_nack(requeue=True)` and hopes for the next time. The message goes back to the head of the
# queue and comes again.

# %%
guess = mq.predict(
    "One bad message of 21. How often is it tried in 30 s?",
    choices=["3 times", "about 60 times", "forever, but in turn"],
)
guess

# %%
again = mq.simulate(mq.load("poison").with_({"consumers.worker.fails.attempts": None}))
again.plot_cumulative("tasks")

# %%
# Run this cell for the answer.
tries = int(again.deliveries.attempt.max())
guess.reveal(
    "about 60 times",
    because=f"{tries} times. Nothing else is done, because the good messages wait behind it.",
)

# %% [markdown]
# **Fix it:** count the attempts, and dead-letter after three (notebook 07). A quorum queue can count for you
# (`x-delivery-limit`), but look at what it counts: since RabbitMQ 4.3 a `basic_nack` does *not* count, so the message comes
# again forever, as before. A `basic_reject` counts, and so does a worker that dies.

# %% tags=["setup"]
# %%program failing
import sys
import time

import pika

limit = {"x-queue-type": "quorum", "x-delivery-limit": 3}
channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
channel.queue_declare(queue="tasks", durable=True, arguments=limit)
channel.basic_publish("", "tasks", "a bad message")


def work(channel, method, properties, body):
    time.sleep(0.5)
    print("failed")
    give_back = channel.basic_reject if sys.argv[1] == "reject" else channel.basic_nack
    give_back(method.delivery_tag, requeue=True)


channel.basic_consume("tasks", work)
channel.start_consuming()


# %% tags=["setup"]
def tries(word, version):
    """How often the bad message is tried in 30 s, by a worker that gives it back with this word."""
    run = mq.run_programs(["failing"], args={"failing": [word]}, profile=version, until=30)
    return sum(line.text == "failed" for line in run.lines)


# %%
pd.DataFrame(
    {
        f"RabbitMQ {version}": {word: tries(word, version) for word in ("nack", "reject")}
        for version in ("4.0", "4.3")
    }
)

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def a_lost_name_is_noticed(seed, mandatory=True):
    """With `mandatory` the producer has every message back. This fails without it."""
    result = mq.simulate(PLAIN.with_({**TYPO, "producers.web.mandatory": mandatory}), seed=seed)
    return result.summary()["producers"]["web-1"]["returned"] == len(result.messages)


a_lost_name_is_noticed(seed=1), a_lost_name_is_noticed(seed=1, mandatory=False)


# %% tags=["claim"]
def long_work_gets_done(seed, blocking=False):
    """Work longer than two heartbeats is acknowledged. This fails if the work blocks the heartbeats."""
    result = mq.simulate(LONG.with_({"consumers.worker.blocking": blocking}), seed=seed)
    return bool((result.messages.outcome == "acked").all())


long_work_gets_done(seed=1), long_work_gets_done(seed=1, blocking=True)


# %% tags=["claim"]
def nobody_waits_at_the_slow_door(seed, prefetch=1):
    """With prefetch 1, 99 of 100 wait less than 5 s. This fails without a limit."""
    scenario = mq.load("unequal-workers").with_({"consumers.worker.prefetch": prefetch})
    return mq.simulate(scenario, seed=seed).summary()["queues"]["tasks"]["wait"]["p99"] < 5


nobody_waits_at_the_slow_door(seed=1), nobody_waits_at_the_slow_door(seed=1, prefetch=0)

# %% [markdown]
# ## Your turn
#
# `LONG`, seed 1, with `"consumers.worker.heartbeat": 20`. Call the run `result`. How many are acknowledged? End with
# `int((result.messages.outcome == "acked").sum())`.
#
# You should see: `2`

# %% tags=["exercise"]

# %% [markdown]
# Simulate `PLAIN` with `TYPO`, seed 1. Now somebody has declared the queue `taks` as well: `"broker.queues.taks": {}`. Call the
# run
# `result`. How many messages wait in a queue that nobody reads? End with
# `int((result.messages.outcome == "ready").sum())`.
#
# You should see: `60`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# | mistake | you see | fix |
# | --- | --- | --- |
# | name misspelt | nothing | `mandatory`, and the name in one place |
# | no ack | the number of unacknowledged messages grows, and all come again | ack at the end |
# | no prefetch | some workers are idle, others have too much | `basic_qos(prefetch_count=1)` |
# | long callback | done again and again, an error at the ack | a thread, or a longer heartbeat |
# | connect each time | slow | one connection |
# | requeue forever | one message, 100 % busy | a limit that counts nacks, a dead letter queue |
#
# **Next:** [10 · What a queue does not promise](10_what_a_queue_does_not_promise.ipynb)
