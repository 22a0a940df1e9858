# %% [markdown]
# # 6 · The task queue, with programs of your own
#
# **You will** write the two programs of RabbitMQ's first tutorials with **pika**, the library that real programs use. You run
# them here at once, without installing a broker, and you kill one of them.
#
# | word | meaning |
# | --- | --- |
# | pika | a Python library that speaks RabbitMQ's language (AMQP) |
# | channel | the line to the broker on which a program declares, publishes and consumes |
# | callback | the function that is called for each message |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq

# %% [markdown]
# ## The producer
#
# A cell that begins with `%%program` is a program of its own, as in a file. This one sends five tasks. The dots say how long a
# task takes: one second each.

# %% tags=["setup"]
# %%program producer
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks", durable=True)  # there is such a queue, and it survives a restart

for number in range(1, 6):
    task = f"task {number} " + "." * (number % 3 + 1)
    channel.basic_publish(
        exchange="",                                # the default exchange: the key is the queue's name
        routing_key="tasks",
        body=task,
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
    print("sent", task)

connection.close()

# %% [markdown]
# ## The worker
#
# It says which function is called for each message, and then it waits forever. Look at the last line of `work`: only after this
# line may the broker forget the task.

# %% tags=["setup"]
# %%program worker
import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks", durable=True)
channel.basic_qos(prefetch_count=1)                 # one task at a time


def work(channel, method, properties, body):
    task = body.decode()
    print("began", task)
    time.sleep(task.count("."))
    print("done ", task)
    channel.basic_ack(method.delivery_tag)


channel.basic_consume("tasks", work)
channel.start_consuming()

# %% [markdown]
# ## Run them
#
# The tasks have 2, 3, 1, 2 and 3 dots, so there are eleven seconds of work. Time is virtual, so you do not wait for `sleep`.

# %%
guess = mq.predict("One worker. When is the last task done?", unit="s")
guess

# %%
one = mq.run_programs(["producer", "worker"])
print(one.transcript())

# %%
# Run this cell for the answer.
last = round(float(one.messages.finished.max()), 2)
guess.reveal(last, because="Eleven seconds of work, and a few milliseconds on the wire.")

# %% [markdown]
# ## Three workers
#
# This is the same program, started three times. None of the three knows about the others.

# %%
guess = mq.predict("Three workers. When is the last task done?", unit="s")
guess

# %%
three = mq.run_programs(["producer", "worker"], count={"worker": 3})
three.plot_lanes()

# %%
# Run this cell for the answer.
last = round(float(three.messages.finished.max()), 2)
guess.reveal(last, because="Task 5 is the last to find a free worker.")

# %% [markdown]
# ## Kill one
#
# Worker-2 is killed at 1.5 s, in the middle of a task, as `kill -9` would do it.

# %%
guess = mq.predict(
    "Which line will be missing from the transcript?",
    choices=["worker-2 done", "task 2 began, again", "task 2 done"],
)
guess

# %%
crash = {"crash": "worker-2", "at": 1.5}
killed = mq.run_programs(["producer", "worker"], count={"worker": 3}, faults=[crash])
print(killed.transcript())

# %%
# Run this cell for the answer.
guess.reveal("worker-2 done", because="Its task was not acknowledged, so another worker began it.")

# %% [markdown]
# ## The same, with one mistake
#
# Many first programs look like this one. It says `auto_ack=True`, and has no `basic_ack`. It is two lines shorter.

# %% tags=["setup"]
# %%program careless
import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks", durable=True)


def work(channel, method, properties, body):
    task = body.decode()
    print("began", task)
    time.sleep(task.count("."))
    print("done ", task)


channel.basic_consume("tasks", work, auto_ack=True)
channel.start_consuming()

# %%
guess = mq.predict("careless-1 is killed at 2.5 s. How many tasks are never done?", choices=["0", "1", "4"])
guess

# %%
crash = {"crash": "careless-1", "at": 2.5}
lost = mq.run_programs(["producer", "careless"], count={"careless": 3}, faults=[crash])
lost.plot_lanes()

# %%
# Run this cell for the answer.
never = 5 - sum(line.text.startswith("done") for line in lost.lines)
guess.reveal(
    str(never),
    because="careless-1 came first and was sent all five tasks. The broker counted them as done and "
    "forgot them.",
)

# %% [markdown]
# ## Against a real broker
#
# Both programs are ordinary ones. Save each cell (without its first line) as `producer.py` and `worker.py`, and start them in two
# terminals. What they talk to may be RabbitMQ, or mqsim's own broker, in a third: `mqsim broker`.
#
# Here in the notebook the programs ran in virtual time. "Killed at 1.5 s" always means exactly 1.5 s. In two terminals it means
# "when I had found the right window".

# %% [markdown]
# ## The claim, and when it does not hold

# %% tags=["claim"]
def every_task_is_done(seed, program="worker"):
    """Whenever a worker is killed, every task is done. This fails with the careless one."""
    moments = [0.5 + (seed % 5) * 0.1, 1.1 + (seed % 7) * 0.1]      # each seed is another bad day
    faults = [{"crash": f"{program}-{n}", "at": at} for n, at in enumerate(moments, 1)]
    result = mq.run_programs(["producer", program], count={program: 3}, faults=faults, seed=seed)
    done = {text.split()[2] for _, _, _, text in result.lines if text.startswith("done")}
    return len(done) == 5

every_task_is_done(seed=1), every_task_is_done(seed=1, program="careless")

# %% [markdown]
# ## Your turn
#
# Two workers; worker-1 is killed at 4 s and never comes back: run `["producer", "worker"]` with `mq.run_programs`, and call the
# run `result`. When is the last task done? End with
# `round(float(result.messages.finished.max()), 1)`.
#
# You should see: `8.0`

# %% tags=["exercise"]

# %% [markdown]
# Change the program `worker` so that it acknowledges **before** the sleep. Copy its cell, and write `%%program hasty` in the
# first line. In a second cell, run `["producer", "hasty"]` with two hasty workers, hasty-1 killed at 1 s, and call the run
# `result`. How many tasks are done? End with `len([line for line in result.lines if line.text.startswith("done")])`.
#
# You should see: `4`

# %% tags=["exercise"]

# %% [markdown]
# ## Let it be checked
#
# The exercise `task_queue` is this notebook's task with fixed names: queue `task_queue`, tasks `task1` to `task3`, two seconds
# each. Write its two programs in cells that begin with `%%program producer` and `%%program consumer`. Then run
#
#     mq.exercise("task_queue").check()
#
# It runs your programs in several ways. It looks at what the broker saw, and not at what you print. There are nine more
# exercises:
# `mqsim exercise list` names them. In `survive_worker_crash` a worker is killed at every moment that could matter.

# %% [markdown]
# ## Take away
#
# * Four lines make a task queue that survives the crash of a worker: declare, consume, acknowledge after the work, prefetch 1.
# * Use `auto_ack=True` only for messages that may be lost.
# * Try failures on purpose, before they happen by themselves.
#
# **Next:** [07 · Order, priorities, backpressure, dead letters, retry storms](07_order_pressure_retries.ipynb)
