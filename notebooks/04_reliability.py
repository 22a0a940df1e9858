# %% [markdown]
# # 4 · Reliability
#
# **You will see** what "delivered reliably" can mean: at most once, at least once, effectively once. You will also see which four
# switches you need, and what goes wrong when one of them is off.
#
# | word | meaning |
# | --- | --- |
# | acknowledgement (ack) | the worker says "done"; only then may the queue forget the message |
# | redelivery | a message is sent again, to whoever is there |
# | confirm | the broker says to the producer "I have it" |
# | idempotent | doing it twice has the same effect as doing it once |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

BANK = mq.Scenario.from_yaml("""
name: bank
until: drained
broker: {queues: {transfers: {}}}
producers:
  branch: {to: transfers, arrivals: {every: 0.5}, messages: 40, work: {uniform: {low: 0.8, high: 1.4}}}
consumers:
  teller: {queue: transfers, count: 2}
faults:
  - {crash: teller-1, at: 6.1, restart_after: 2}
  - {drop_connection: teller-2, at: 12.3}
""")


def tally(result):
    """How many transfers were asked for, how many never done, how many done again."""
    times_done = result.deliveries.dropna(subset="finished").groupby("copy").size()
    asked = len(result.messages)
    return {
        "asked for": asked,
        "never done": asked - len(times_done),
        "done again": int((times_done > 1).sum()),
    }


# %% [markdown]
# ## At most once
#
# A bank has 40 transfers and two tellers. At 6.1 s teller-1's program crashes. At 12.3 s teller-2 loses its connection for a
# moment. We begin with automatic acknowledgement: the broker forgets a transfer as soon as it has sent it.

# %%
guess = mq.predict(
    "What happens to transfers?", choices=["some are never done", "some are done twice", "both", "neither"]
)
guess

# %%
at_most = mq.simulate(BANK.with_({"consumers.teller.ack": "auto"}))
at_most.plot_lanes()

# %%
# Run this cell for the answer.
guess.reveal(
    "some are never done",
    because=f"{tally(at_most)['never done']} of 40 are lost. Each was sent once and never again: at most "
    "once.",
)

# %% [markdown]
# ## At least once
#
# Now a teller acknowledges when the work is done. What is not acknowledged is sent again. The picture shows transfer #22.
# Teller-2 was working on it when its connection broke (the diamond at 12.3 s).

# %%
guess = mq.predict("And now?", choices=["some are never done", "some are done twice", "both", "neither"])
guess

# %%
at_least = mq.simulate(BANK)
at_least.plot_spacetime(messages=["branch-1 #22", "branch-1 #23", "branch-1 #24"], start=11, end=16)

# %%
# Run this cell for the answer.
guess.reveal(
    "some are done twice",
    because="Without the connection, the broker put #22 back into its queue, and teller-1 did it. But "
    "teller-2 had gone on with its work: it finished #22 as well, and could not tell the broker.",
)

# %% [markdown]
# The broker can't know whether a teller failed before the transfer or after it. It has two choices. It can send the transfer
# again, and then it may be done twice. Or it does not send it again, and then it may never be done. **There is no third choice.**
# No broker can offer "exactly once" for what happens outside of the broker.

# %% [markdown]
# ## Effectively once
#
# So let us make it harmless to do a transfer twice. An `idempotent` teller keeps a list of the transfers that were paid, and
# skips those that are on the list. The transfer is sent again and looked at again, but paid once.


# %% tags=["setup"]
def paid(result, keeps_a_list=False):
    """The transfers in the order in which they were paid; with a list, those that are on it are skipped."""
    done = list(result.deliveries.dropna(subset="finished").sort_values("finished")["copy"])
    return list(dict.fromkeys(done)) if keeps_a_list else done


# %%
at_most = mq.simulate(BANK.with_({"consumers.teller.ack": "auto"}))
at_least = mq.simulate(BANK)
careful = mq.simulate(BANK.with_({"consumers.teller.idempotent": True}))
kinds = {"at most once": at_most, "at least once": at_least, "effectively once": careful}
payments = {name: paid(run, keeps_a_list=run is careful) for name, run in kinds.items()}
pd.DataFrame(
    {
        "never done": [tally(run)["never done"] for run in kinds.values()],
        "sent again": [int((run.messages.deliveries > 1).sum()) for run in kinds.values()],
        "paid twice": [len(each) - len(set(each)) for each in payments.values()],
    },
    index=list(kinds),
)

# %% [markdown]
# ## The broker restarts
#
# A **durable** queue and **persistent** messages are on the broker's disk. There are 20 tasks and one worker. At 5.5 s the broker
# restarts.

# %%
guess = mq.predict(
    "Messages are not persistent: how many of the 20 are lost?", choices=["0", "1", "about 15", "20"]
)
guess

# %%
forgetful = mq.simulate(mq.load("broker-restart").with_({"producers.sender.persistent": False}))
forgetful.plot_depth()

# %%
# Run this cell for the answer.
lost = forgetful.messages[forgetful.messages.outcome == "lost"]
waited = int((lost.deliveries == 0).sum())
guess.reveal(
    "about 15",
    because=f"{len(lost)}: the {waited} that waited (see the picture), and the one in work. "
    "With persistent messages none is lost.",
)

# %% [markdown]
# ## Did the broker get it?
#
# Now we look at the way from the producer to the broker. A sensor sends twelve readings a second, and each needs half a second to
# the broker. The broker is killed and is down for two seconds. Later the connection breaks. Without **confirms** the producer
# never learns which readings were lost on the way.

# %% tags=["setup"]
SENSOR = mq.Scenario.from_yaml("""
name: sensor
until: drained
network: {latency: 0.5}
broker: {queues: {readings: {}}}
producers:
  sensor: {to: readings, arrivals: {poisson: {rate: 12}}, messages: 200}
consumers:
  logger: {queue: readings, service: 0.05}
faults: [{kill: broker, at: 5, down: 2}, {drop_connection: sensor, at: 14}]
""")
CONFIRMED = {
    "producers.sensor.confirms": {},
    "producers.sensor.retry": {"on": ["nack", "timeout", "closed"]},
}


def readings(scenario, seed):
    """How many of the 200 readings were logged: never, and more than once."""
    done = mq.simulate(scenario, seed=seed).messages.dropna(subset="finished").groupby("number").size()
    return {"never": 200 - len(done), "more than once": int((done > 1).sum())}


# %%
guess = mq.predict(
    "With confirms, and publishing again what was not confirmed: what may happen to a reading?",
    choices=["lost", "logged twice"],
)
guess

# %%
pd.DataFrame(
    {
        "without confirms": readings(SENSOR, seed=1),
        "with confirms and retry": readings(SENSOR.with_(CONFIRMED), seed=1),
    }
)

# %%
# Run this cell for the answer.
guess.reveal(
    "logged twice",
    because="If only the confirm is lost, the producer sends the reading again. So this too is at least "
    "once.",
)

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def nothing_is_done_twice(seed, ack="auto"):
    """With automatic acknowledgement no task is done twice. This fails when the worker acknowledges."""
    return tally(mq.simulate(BANK.with_({"consumers.teller.ack": ack}), seed=seed))["done again"] == 0


nothing_is_done_twice(seed=1), nothing_is_done_twice(seed=1, ack="manual")


# %% tags=["claim"]
def nothing_is_left_undone(seed, ack="manual"):
    """A worker that acknowledges at the end loses no task. This fails when it acknowledges as it begins."""
    return tally(mq.simulate(BANK.with_({"consumers.teller.ack": ack}), seed=seed))["never done"] == 0


nothing_is_left_undone(seed=1), nothing_is_left_undone(seed=1, ack="early")


# %% tags=["claim"]
def no_effect_happens_twice(seed, idempotent=True):
    """Workers that skip what is on their list pay once, and pay everything. This fails without the list."""
    result = mq.simulate(BANK.with_({"consumers.teller.idempotent": idempotent}), seed=seed)
    verdicts = {verdict.name: verdict.status.value for verdict in result.checks()}
    return verdicts["nothing_lost"] == "holds" and verdicts["nothing_twice"] == "holds"


no_effect_happens_twice(seed=1), no_effect_happens_twice(seed=1, idempotent=False)


# %% tags=["claim"]
def a_restart_loses_nothing(seed, persistent=True):
    """Persistent messages in a durable queue survive a restart. This fails for messages in memory only."""
    changes = {
        "producers.sender.persistent": persistent,
        "producers.sender.work": {"exponential": {"mean": 1}},
    }
    return (
        mq.simulate(mq.load("broker-restart").with_(changes), seed=seed).summary()["messages"]["lost"] == 0
    )


a_restart_loses_nothing(seed=1), a_restart_loses_nothing(seed=1, persistent=False)


# %% tags=["claim"]
def every_reading_arrives(seed, confirms=True):
    """Confirms and retries bring every reading through. This fails without confirms."""
    return readings(SENSOR.with_(CONFIRMED if confirms else {}), seed)["never"] == 0


every_reading_arrives(seed=1), every_reading_arrives(seed=1, confirms=False)

# %% [markdown]
# ## Your turn
#
# A teller acknowledges when it **begins** with a transfer: `"consumers.teller.ack": "early"`. Guess which kind of "once" this is.
# Then simulate `BANK` with this change, call the run `early`, and end with `tally(early)`.
#
# You should see: `{'asked for': 40, 'never done': 1, 'done again': 0}`
#
# <details><summary>Which kind of "once" is it?</summary>At most once: one transfer is never done, and none is done twice.</details>

# %% tags=["exercise"]

# %% [markdown]
# Persistent messages in a queue that is **not** durable: change `mq.load("broker-restart")` with
# `"broker.queues.tasks.durable": False`, call the run `result`, and count the lost. End with
# `int((result.messages.outcome == "lost").sum())`. You need both switches; one alone does not help.
#
# You should see: `15`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# | switch | off, it loses | when |
# | --- | --- | --- |
# | ack after the work | what a worker had | a worker crashes |
# | durable and persistent | what waited | the broker restarts |
# | confirms, and retry | what was under way | the connection breaks |
# | idempotent work | nothing, but doubles it | any of these |
#
# **Next:** [05 · Fault tolerance](05_fault_tolerance.ipynb)
