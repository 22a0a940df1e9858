# %% [markdown]
# # 1 · Producer, queue, consumer, broker
#
# **You will** name the four parts of a message system, read what happened to each message, and write a simulator of your
# own in thirty lines. It gives the same numbers as mqsim.
#
# | word | meaning |
# | --- | --- |
# | message | a piece of data that somebody should do something about |
# | producer | makes messages and sends them |
# | queue | keeps messages until they are done, the oldest first |
# | consumer (worker) | takes messages from a queue and works on them |
# | broker | the program that keeps the queues; producers and consumers talk to it, never to each other |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd
import simpy

OFFICE = mq.Scenario.from_yaml("""
name: office
duration: 60
broker: {queues: {letters: {}}}
producers:
  post: {to: letters, arrivals: {poisson: {rate: 1}}, work: {exponential: {mean: 1.5}}}
consumers:
  clerk: {queue: letters, count: 2}
""")

# %% [markdown]
# ## The four parts
#
# This is an office. The post brings letters at random, one a second on average. Two clerks work on them and need 1.5 seconds
# for a letter on average. The scenario above says all of this. Read it once, from top to bottom.

# %%
guess = mq.predict(
    "To whom does the post send its letters?", choices=["a clerk", "the queue", "both clerks"]
)
guess

# %%
office = mq.simulate(OFFICE, seed=1)
office.plot_topology()

# %%
# Run this cell for the answer.
guess.reveal(
    "the queue",
    because="The post knows the name of the queue and nothing else. The clerks know only this name too.",
)

# %% [markdown]
# ## One message's life
#
# Every message leaves a row in a table. `created` is the time at which it was made. At `started` a clerk began to work on it, and
# at `finished` the work was done.

# %%
letters = mq.simulate(OFFICE, seed=1).messages
letters[["created", "enqueued", "started", "finished", "consumer", "outcome"]].head(6).round(2)

# %% [markdown]
# The time between `enqueued` and `started` is the **wait**. The time from `created` to `finished` is the **sojourn**: it is what
# the sender of the letter notices.

# %% [markdown]
# ## Why is there a queue at all?
#
# On average two clerks can do 2 / 1.5 = 1.33 letters a second, and only one a second comes. So the clerks are fast enough.

# %%
guess = mq.predict(
    "So how often does a letter have to wait?", choices=["never", "1 in 10", "1 in 3", "2 in 3"]
)
guess

# %%
mq.simulate(OFFICE, seed=1).plot_depth()

# %%
# Run this cell for the answer.
long_run = mq.simulate(OFFICE.with_({"duration": 20_000}), seed=1)
share = long_run.summary()["queues"]["letters"]["p_wait"]
guess.reveal(
    "2 in 3",
    because=f"Over a long time {share:.0%} wait: sometimes many letters come together, and some take long.",
)

# %% [markdown]
# ## A simulator of your own
#
# A simulation is a program with a clock that jumps from event to event. SimPy keeps such a clock. A *process* in SimPy is a
# Python function that says `yield` when it waits for something. Here is the office without mqsim:


# %% tags=["setup"]
def my_office(created, work, clerks):
    """When is each letter started and finished? One queue, the oldest first, whoever is free takes it."""
    env = simpy.Environment()
    queue = simpy.Store(env)  # keeps letters in the order they come
    rows = []

    def post():  # the producer
        for number, moment in enumerate(created):
            yield env.timeout(moment - env.now)  # until the letter is there
            queue.put(number)  # send it, and don't wait for anybody

    def clerk():  # a consumer
        while True:
            number = yield queue.get()  # waits while the queue is empty
            started = env.now
            yield env.timeout(work[number])  # works
            rows.append((number, started, env.now))

    env.process(post())
    for _ in range(clerks):
        env.process(clerk())
    env.run()
    return pd.DataFrame(rows, columns=["number", "started", "finished"]).set_index("number").sort_index()


# %% [markdown]
# Give your simulator the same letters that mqsim's office had, and compare letter by letter:

# %%
real = mq.simulate(
    OFFICE.with_({"until": "drained", "duration": None, "producers.post.stop": 60}), seed=1
).messages
mine = my_office(real.created, real.finished - real.started, clerks=2)
difference = max((mine.started - real.started).abs().max(), (mine.finished - real.finished).abs().max())
print(f"{len(mine)} letters, largest difference {difference:.6f} s")

# %% [markdown]
# ## What is a broker for, then?
#
# In your simulator nobody looks after the queue. A clerk who leaves takes the letter along, and it is lost. With `mq.World` you
# write the same processes, and a broker with RabbitMQ's rules looks after the queue. One line is new: `ack` says "this one is
# done".


# %%
def post(world):
    for _ in range(3):
        world.publish("letters", work=2.0)
        yield world.timeout(0.5)


def clerk(world):
    while True:
        letter = yield world.get("letters")
        yield world.timeout(letter.work)
        world.ack(letter)


world = mq.World(queues=["letters"])
world.process(post(world), "post")
world.process(clerk(world), "clerk-1")
world.process(clerk(world), "clerk-2")
own = world.run(until=8)
own.plot_lanes()

# %% [markdown]
# ## One message, several queues
#
# A producer hands its message to an **exchange**, which copies it to each queue that is bound to it. Here ten pieces of news
# go to a mailer and to a counter.

# %%
guess = mq.predict(
    "The mailer needs 1.5 s for each, and one comes every second. Is the counter held up?",
    choices=["yes", "no"],
)
guess

# %%
news = mq.simulate("pub-sub")
news.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal("no", because="Each of them has its own queue, with its own copy of every message.")

# %% [markdown]
# ## The claim, and when it does not hold
#
# mqsim and your thirty lines give the same numbers. They no longer agree when clerks may take letters **ahead** (`prefetch: 0`,
# no limit). Then a letter can lie on the desk of a busy clerk while another clerk is free. In your simulator a clerk takes a
# letter only when this clerk is free.


# %% tags=["claim"]
def my_office_agrees(seed, prefetch=1):
    """Whoever is free takes the oldest letter of one queue. This fails where clerks take letters ahead."""
    changes = {
        "until": "drained",
        "duration": None,
        "producers.post.stop": 60,
        "consumers.clerk.prefetch": prefetch,
    }
    real = mq.simulate(OFFICE.with_(changes), seed=seed).messages
    mine = my_office(real.created, real.finished - real.started, clerks=2)
    return bool((mine.started - real.started).abs().max() < 1e-9)


my_office_agrees(seed=1), my_office_agrees(seed=1, prefetch=0)

# %% [markdown]
# ## Your turn
#
# 1. With your own simulator: a **third** clerk. Copy the first two statements of the cell that compares the two simulators
#    (`real` and `mine`). In the second one, write `third` instead of `mine`, and 3 clerks instead of 2. What is the mean wait
#    now? End with `round(float((third.started - real.created).mean()), 3)`.
#
# You should see: `0.178`

# %% tags=["exercise"]

# %% [markdown]
# 2. The same in mqsim: copy the first statement of the same cell (`real`), and add the change
#    `"consumers.clerk.count": 3`. End with `round(float((real.started - real.created).mean()), 3)`.
#
# You should see: `0.178`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * Producer and consumer meet in a queue; a broker keeps it.
# * A queue forms even if the workers are fast enough on average, because arrivals and work vary.
# * A simulation needs only a clock, processes, and a list of what happened.
#
# **Next:** [02 · Decoupling](02_decoupling.ipynb)
