# %% [markdown]
# # 2 · Decoupling
#
# **You will see** three ways in which a queue makes two programs independent of each other. They need not run at the same time.
# They need not be equally fast. One may fail while the other goes on. You will also see what stays coupled.
#
# | word | meaning |
# | --- | --- |
# | direct call | ask another program and wait for its answer |
# | burst | many messages in a short time |
# | backlog | messages that wait |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd
import simpy

SHOP = mq.Scenario.from_yaml("""
name: shop
until: drained
broker: {queues: {orders: {}}}
producers:
  shop: {to: orders, arrivals: {poisson: {rate: 1}}, stop: 40, when_blocked: drop}
consumers:
  mailer: {queue: orders, service: 0.5}
faults:
  - {crash: mailer, at: 10, restart_after: 10}
""")

# %% [markdown]
# ## The consumer is away
#
# A sender sends at 0, 1 and 2 seconds. The receiver only starts at 5.

# %%
guess = mq.predict(
    "What happens to the three messages?",
    choices=["lost", "the sender waits until 5", "they wait in the queue"],
)
guess

# %%
late = mq.simulate(mq.load("hello").with_({"consumers.receiver.start": 5}))
late.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal(
    "they wait in the queue",
    because="The sender was done after 2 seconds. It never noticed. This is decoupling in time.",
)

# %% [markdown]
# ## Direct calls: what fails when the other side is down
#
# A shop gets one order a second on average, at random times. For each order the mailer must send a mail, which takes half a
# second. First the shop **calls** the mailer and waits for the answer. The mailer is down from 10 to 20 s. Here it is in SimPy:


# %% tags=["setup"]
def call_directly(orders):
    """The shop, one call after the other; gives when each was answered and whether it worked."""
    env, rows = simpy.Environment(), []

    def shop():
        for moment in orders:
            yield env.timeout(max(0, moment - env.now))
            mailer_is_up = not 10 <= env.now < 20
            if mailer_is_up:
                yield env.timeout(0.5)  # the shop waits for the answer
            rows.append((moment, env.now, mailer_is_up))

    env.process(shop())
    env.run()
    return pd.DataFrame(rows, columns=["ordered", "answered", "worked"])


# %%
guess = mq.predict("About 40 orders come, one a second. How many calls fail?")
guess

# %%
called = call_directly(mq.simulate(SHOP, seed=1).messages.created)
called.query("8 < ordered < 12").round(2)

# %%
# Run this cell for the answer.
guess.reveal(
    int((~called.worked).sum()),
    because="Every order between 10 and 20 s fails. The shop cannot work because the mailer is down.",
)

# %% [markdown]
# ## The same through a queue
#
# The same orders, the same mailer, the same ten seconds.

# %%
guess = mq.predict("How many orders fail now?")
guess

# %%
queued = mq.simulate(SHOP, seed=1)
called = call_directly(queued.messages.created)
queued.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal(
    int((queued.messages.outcome != "acked").sum()),
    because="They wait in the queue until the mailer is back.",
)

# %%
pd.DataFrame(
    {
        "direct call": [
            (~called.worked).sum(),
            (called.answered - called.ordered).mean(),
            (called.answered - called.ordered).max(),
        ],
        "through a queue": [
            (queued.messages.outcome != "acked").sum(),
            (queued.messages.published - queued.messages.created).mean(),
            (queued.messages.finished - queued.messages.created).max(),
        ],
    },
    index=["orders that failed", "seconds the shop is kept busy", "latest mail (s after the order)"],
).astype(float).round(2)

# %% [markdown]
# The last line of the table shows the price. Some mails go out late, and the shop can't tell its customer "the mail is sent". It
# can only say "the mail will be sent".

# %% [markdown]
# ## The burst
#
# Most of the time 2 orders come a second. Now and then there is a burst with 40 orders a second. Four workers can do 20 a second.

# %%
guess = mq.predict(
    "In a burst, who sets the pace of the workers?", choices=["the producer", "the workers themselves"]
)
guess

# %%
burst = mq.simulate(mq.load("burst").with_({"duration": 60}))
burst.plot_cumulative()

# %%
# Run this cell for the answer.
guess.reveal(
    "the workers themselves",
    because="They never do more than 20 a second. The gap between the two lines is the queue.",
)

# %% [markdown]
# ## What stays coupled
#
# Both sides still need the **broker**. Now the broker is killed, and it is down for the same ten seconds. This shop, like many
# others, throws an order away when it can't publish it.

# %%
guess = mq.predict(
    "How many orders fail when the broker is down from 10 to 20 s?", choices=["0", "around 10", "all 40"]
)
guess

# %%
no_broker = mq.simulate(SHOP.with_({"faults": [{"kill": "broker", "at": 10, "down": 10}]}), seed=1)
no_broker.plot_lanes()

# %%
# Run this cell for the answer.
failed = int((no_broker.messages.outcome != "acked").sum())
guess.reveal(
    "around 10",
    because=f"{failed} of them. Now the broker is the part that must not fail, so you must watch it.",
)

# %% [markdown]
# A shop that *keeps* an order until it can publish it (`when_blocked: wait`) loses nothing here either. Notebook 05 shows three
# brokers that replace each other.

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def the_shop_does_not_notice(seed, down="mailer"):
    """While the mailer is down no order fails. This fails while the broker is down."""
    faults = {
        "mailer": {"crash": "mailer", "at": 10, "restart_after": 10},
        "broker": {"kill": "broker", "at": 10, "down": 10},
    }
    result = mq.simulate(SHOP.with_({"faults": [faults[down]]}), seed=seed)
    return result.summary()["messages"]["acked"] == len(result.messages)


the_shop_does_not_notice(seed=1), the_shop_does_not_notice(seed=1, down="broker")


# %% tags=["claim"]
def the_backlog_goes_away(seed, service=0.5):
    """An outage is forgotten in time. This fails if the mailer is slower than the orders come."""
    longer = {"producers.shop.stop": 120, "consumers.mailer.service": service, "faults.0.restart_after": 10}
    orders = mq.simulate(SHOP.with_(longer), seed=seed).messages
    return bool((orders.started - orders.enqueued)[orders.created > 100].mean() < 1.5)


the_backlog_goes_away(seed=1), the_backlog_goes_away(seed=1, service=1.2)

# %% [markdown]
# ## Your turn
#
# The mailer is down for **twenty** seconds: simulate `SHOP` with `"faults.0.restart_after": 20`, seed 1. Call the run `result`.
# How long is the queue at its longest? End with
# `int(result.depth.ready.max())`.
#
# You should see: `22`

# %% tags=["exercise"]

# %% [markdown]
# Now the queue may hold only five orders and refuses the others. How many orders does the shop lose? Set
# `"broker.queues.orders": {"max_length": 5, "overflow": "reject-publish"}`, seed 1, twenty seconds again.
# Call the run `result`, and end with
# `int((result.messages.outcome == "refused").sum())`.
#
# You should see: `17`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * Decoupled in **time** (the other side may be away), in **pace** (it may be slower for a while), in **failure** (it may crash).
# * The price: answers come later, and the broker must be there.
# * A queue cannot fix a consumer that is too slow on average: the queue just keeps growing.
#
# **Next:** [03 · Load balancing](03_load_balancing.ipynb)
