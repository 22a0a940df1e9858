# %% [markdown]
# # 8 · How many workers?
#
# **You will** find out how many workers you need, in three ways: with Little's law, with Erlang's formula of 1917, and with a
# simulation. You will also see when the formula is wrong.
#
# | word | meaning |
# | --- | --- |
# | utilisation | the share of the time that a worker is busy |
# | load | arrival rate × work per message: how many workers are busy on average |
# | SLO | service level objective, such as "95 % wait less than 2 seconds" |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq
import pandas as pd

SHOP = mq.Scenario.from_yaml("""
name: shop
duration: 2500
broker: {queues: {orders: {}}}
producers:
  web: {to: orders, arrivals: {poisson: {rate: 8}}, work: {exponential: {mean: 0.45}}}
consumers:
  packer: {queue: orders, count: 5}
""")
RATE, WORK = 8, 0.45

# %% [markdown]
# ## Little's law
#
# Eight orders a second, 0.45 s of work each: 3.6 packers are busy on average. Four are enough to keep up; we begin with five.
# John Little proved in 1961: **how many are in the shop = how many come per second × how long each stays.**

# %%
guess = mq.predict(
    "An order stays 0.58 s on average, 8 come per second. How many orders are in the shop, on average?"
)
guess

# %%
shop = mq.simulate(SHOP, seed=1)
orders = shop.summary()["queues"]["orders"]
in_shop, stay = orders["in_system"]["mean"], orders["sojourn"]["mean"]
print(f"stay {stay:.3f} s x {RATE} a second = {stay * RATE:.2f};  counted: {in_shop:.2f}")

# %%
# Run this cell for the answer.
guess.reveal(
    round(RATE * stay, 1),
    because="8 x 0.58. This law holds for any arrivals, any work and any number of packers.",
)

# %% [markdown]
# ## Nearly full means a long wait
#
# One worker, work of 1 s on average, arrivals at random. At half load a message waits 1 s on average.

# %%
guess = mq.predict("How long does it wait when the worker is busy 95 % of the time?", unit="s")
guess

# %%
one = SHOP.with_(
    {"consumers.packer.count": 1, "producers.web.work": {"exponential": {"mean": 1}}, "duration": 20_000}
)
runs = {
    load: mq.simulate(one.with_({"producers.web.arrivals": {"poisson": {"rate": load}}}), seed=1)
    for load in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
}
waits = pd.DataFrame(
    {
        "mean wait, simulated (s)": {
            load: run.summary()["queues"]["orders"]["wait"]["mean"] for load, run in runs.items()
        },
        "mean wait, formula (s)": {load: mq.theory.mm1(load, 1).mean_wait for load in runs},
    }
)
waits.plot(
    figsize=(9, 3.4),
    style=["o-", "s--"],
    xlabel="load",
    ylabel="mean wait (s)",
    ylim=(0, None),
    title="The mean wait against the load",
);

# %%
# Run this cell for the answer.
guess.reveal(
    mq.theory.mm1(0.95, 1).mean_wait,
    because="load / (1 - load) x 1 s. The worker does less than twice the work, and the wait is 19 times "
    "as long.",
)

# %% [markdown]
# At 95 % the simulation and the formula do not agree, and the formula is right. At this load the queue is rarely empty, so one
# crowded period can last very long, and even runs of 20,000 s differ a lot from each other. Five seeds show this, and mqsim warns
# about it:

# %%
days = {
    f"seed {seed}": mq.simulate(
        one.with_({"producers.web.arrivals": {"poisson": {"rate": 0.95}}}), seed=seed
    )
    for seed in range(1, 6)
}
pd.Series(
    {day: run.summary()["queues"]["orders"]["wait"]["mean"] for day, run in days.items()},
    name="mean wait at load 0.95 (s)",
).round(1).to_frame()

# %%
print(days["seed 1"].warnings[0])

# %% [markdown]
# ## Erlang's formula
#
# Agner Krarup Erlang asked in 1917 how many operators a telephone exchange needs. His formula gives the chance that somebody
# has to wait, for random arrivals and random work.

# %%
guess = mq.predict(
    "Load 3.6. With 4 packers most orders wait. How many packers until fewer than 1 in 10 wait?",
    unit="packers",
)
guess

# %%
packers = range(4, 10)
erlang = pd.DataFrame(
    {
        "utilisation": [3.6 / c for c in packers],
        "who wait (formula)": [mq.theory.erlang_c(c, 3.6) for c in packers],
        "who wait (simulated)": [
            mq.simulate(SHOP.with_({"consumers.packer.count": c}), seed=1).summary()["queues"]["orders"][
                "p_wait"
            ]
            for c in packers
        ],
    },
    index=pd.Index(packers, name="packers"),
)
erlang.round(2)

# %%
# Run this cell for the answer.
guess.reveal(
    int(erlang.index[erlang["who wait (formula)"] < 0.1][0]),
    because="Four packers are nearly always busy. Each packer more makes waiting about half as frequent.",
)

# %% [markdown]
# Theory beside simulation, for the whole distribution of the wait:

# %%
mq.simulate(SHOP, seed=1).plot_distribution("wait")

# %% [markdown]
# ## An SLO
#
# "95 of 100 orders wait less than one second." How many packers?


# %% tags=["setup"]
def packers_needed(seconds, share=0.95):
    """The fewest packers with which so large a share of the orders waits less, by the formula for M/M/c."""
    packers = 4
    while mq.theory.mmc(RATE, 1 / WORK, packers).wait_percentile(share) > seconds:
        packers += 1
    return packers


def share_in_time(scenario, packers, seconds, seed):
    """The share of all orders whose work began in time; those that never began count as late."""
    orders = mq.simulate(scenario.with_({"consumers.packer.count": packers}), seed=seed).messages
    return float((orders.started - orders.created <= seconds).mean())


# %%
guess = mq.predict("How many packers for: 95 % wait less than 1 s?", unit="packers")
guess

# %%
slo = pd.Series({c: share_in_time(SHOP, c, seconds=1, seed=1) for c in range(4, 9)}, name="share in time")
slo.plot.bar(
    figsize=(9, 3.4),
    xlabel="packers",
    ylabel="share in time",
    rot=0,
    title="Orders that wait less than 1 s",
).axhline(0.95, color="black", linestyle="--");

# %%
# Run this cell for the answer.
needed = packers_needed(seconds=1)
guess.reveal(
    needed,
    because=f"Simulated, {slo[needed]:.1%} are in time with {needed}, {slo[needed - 1]:.1%} with one fewer.",
)

# %% [markdown]
# ## When the formula is wrong
#
# The same eight orders a second on average, but now they come in bursts.

# %% tags=["setup"]
BURSTY = SHOP.with_(
    {
        "name": "shop with bursts",
        "producers.web.arrivals": {"mmpp": {"rates": [3, 28], "switch": [0.1, 0.4]}},
    }
)

# %%
guess = mq.predict(
    "What share is in time now, with as many packers?", choices=["95 %", "about 80 %", "less than half"]
)
guess

# %%
needed = packers_needed(seconds=1)
bursts = mq.simulate(BURSTY.with_({"consumers.packer.count": needed, "duration": 300}), seed=1)
bursts.plot_depth()

# %%
# Run this cell for the answer.
late = share_in_time(BURSTY, needed, seconds=1, seed=1)
guess.reveal(
    "less than half",
    because=f"{late:.0%}. The formula assumes random arrivals with this average. It knows nothing about "
    "bursts.",
)

# %% [markdown]
# mqsim tells you which formula fits a scenario. Sometimes the answer is "none":

# %%
for scenario in (SHOP, BURSTY, mq.load("unequal-workers")):
    for match in mq.matching.applies(scenario):
        print(f"{scenario.name}: {match.sentence()}\n")

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def littles_law(seed, rate=8):
    """Number in the shop = rate × stay, to 1 %. This fails if more come than leave."""
    scenario = SHOP.with_({"producers.web.arrivals": {"poisson": {"rate": rate}}, "duration": 500})
    orders = mq.simulate(scenario, seed=seed).summary()["queues"]["orders"]
    in_shop, stay = orders["in_system"]["mean"], orders["sojourn"]["mean"]
    return abs(in_shop - orders["throughput"] * stay) < 0.01 * in_shop


littles_law(seed=1), littles_law(seed=1, rate=16)


# %% tags=["claim"]
def erlang_is_right(seed, arrivals="random"):
    """His formula is within 3 points of the share that waits. This fails when orders come in bursts."""
    scenario = {"random": SHOP, "bursts": BURSTY}[arrivals]
    measured = mq.simulate(scenario, seed=seed).summary()["queues"]["orders"]["p_wait"]
    return abs(measured - mq.theory.erlang_c(5, RATE * WORK)) < 0.03


erlang_is_right(seed=1), erlang_is_right(seed=1, arrivals="bursts")


# %% tags=["claim"]
def the_slo_is_met(seed, fewer=0):
    """With as many packers as the formula says, 95 % wait less than a second. This fails with one fewer."""
    return share_in_time(SHOP, packers_needed(seconds=1) - fewer, seconds=1, seed=seed) >= 0.95


the_slo_is_met(seed=1), the_slo_is_met(seed=1, fewer=1)

# %% [markdown]
# ## Your turn
#
# The shop grows: 80 orders a second instead of 8, so the load is 36. Ten times the packers? How many does Erlang need for
# fewer than 1 in 10 to wait? Begin with `packers = 37`, and add one as long as `mq.theory.erlang_c(packers, 36) >= 0.1`.
# End with `packers`.
#
# You should see: `46`

# %% tags=["exercise"]

# %% [markdown]
# How many packers does `BURSTY` need for 95 % in time? Begin with `packers = 5`, and add one as long as
# `share_in_time(BURSTY, packers, seconds=1, seed=1) < 0.95`. End with `packers`.
#
# You should see: `12`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * Number = rate × time, always. You can check every measurement with it.
# * Near full load the waits become very long. Plan for 70–80 %: less if you have few workers, more if you have many.
# * A formula answers in a millisecond, but it makes assumptions. A simulation shows what happens without them.
#
# **Next:** [09 · The usual mistakes](09_usual_mistakes.ipynb)
