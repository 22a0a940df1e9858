# %% [markdown]
# # 11 · Capacity planning
#
# **You will** size a shop, ask what happens when a packer dies, and learn when to trust an answer. You turn the knobs yourself
# first, and then let a plan turn them.
#
# | word | meaning |
# | --- | --- |
# | target | what must hold, such as `p99 < 2s` |
# | exact | a formula decided, and chance plays no part in it |
# | interval | a range that contains the true value in nineteen of twenty studies |
# | unsure | the runs were too few to decide |

# %% tags=["setup"]
# Run this first, and again whenever a name is "not defined": the kernel was restarted.
import mqsim as mq

SHOP = mq.Scenario.from_yaml("""
name: shop
duration: 300
broker: {queues: {orders: {}}}
producers: {web: {to: orders, arrivals: {poisson: {rate: 8}}, work: {exponential: {mean: 0.3}}}}
consumers: {packer: {count: 3, queue: orders}}
""")
# A tenth of the messages that a plan may simulate by default: enough here, and quick.
QUICK = {"budget": 4e5, "jobs": 1}

# %% [markdown]
# ## Turn the knobs yourself
#
# Eight orders a second come, and packing takes 0.3 s on average. Find a number of packers with which few orders wait long.

# %%
mq.explore(SHOP, vary=["consumers.packer.count"])

# %% [markdown]
# The picture also changes with chance. How sure are you of your number? A plan tells you.

# %% [markdown]
# ## Ask for the smallest number

# %%
guess = mq.predict("How many packers until 99 of 100 orders are packed within 2 s?", unit="packers")
guess

# %%
enough = mq.planning.size(scenario=SHOP, vary="consumers.packer.count=1..10", target="p99 < 2s")
print(enough)

# %%
enough.figure();

# %%
# Run this cell for the answer.
guess.reveal(enough.data["value"], because="A formula (M/M/c) decided, so there is no interval to look at.")

# %% [markdown]
# Read the second sentence, too. It says by how much one packer fewer misses the target. Also read what the plan assumes.

# %% [markdown]
# ## A target that nothing can meet

# %%
guess = mq.predict(
    "99 of 100 orders within 1 s. How many packers now?", choices=["5", "9", "no number is enough"]
)
guess

# %%
never = mq.planning.size(scenario=SHOP, vary="consumers.packer.count=1..40", target="p99 < 1s")
never.state, never.sentence

# %%
# Run this cell for the answer.
guess.reveal("no number is enough", because="One order in a hundred takes more than a second to pack.")

# %% [markdown]
# ## What if a packer dies?
#
# Both futures have the same orders and the same random numbers. Only the crash is different, so its effect is not lost in
# the noise.

# %%
guess = mq.predict(
    "Four packers, one is away for a minute. The p99 of that time, against before?",
    choices=["hardly longer", "clearly longer"],
)
guess

# %%
crash = mq.planning.what_if(
    scenario=SHOP.with_({"consumers.packer.count": 4}),
    kill="packer-2@100:60",
    measure="orders.sojourn.p99",
    **QUICK,
)
print(crash)

# %%
# Run this cell for the answer.
guess.reveal("clearly longer", because=crash.sentence)

# %% [markdown]
# Try it yourself: move the crash to another time, and see how the queue grows and drains.

# %%
died = {"crash": "packer-1", "at": 100, "restart_after": 60}
mq.explore(
    SHOP.with_({"consumers.packer.count": 4, "faults": [died]}),
    vary=["consumers.packer.count", "consumers.packer.prefetch"],
)

# %% [markdown]
# ## Which input matters most?

# %%
depends = mq.planning.sensitivity(scenario=SHOP.with_({"consumers.packer.count": 4}), **QUICK)
depends.table.round(2)

# %% [markdown]
# The input with the widest swing comes first. Measure that one with care before you believe the plan.

# %% [markdown]
# ## The claims, and when they do not hold


# %% tags=["claim"]
def the_count_is_enough(seed, fewer=0):
    """With as many packers as the plan says, a long run keeps p99 < 2 s. This fails with one fewer."""
    answer = mq.planning.size(scenario=SHOP, vary="consumers.packer.count=1..10", target="p99 < 2s")
    count = answer.data["value"]
    long = SHOP.with_({"consumers.packer.count": count - fewer, "duration": 3000, "warmup": 100})
    return mq.simulate(long, seed=seed).summary()["queues"]["orders"]["sojourn"]["p99"] < 2


the_count_is_enough(seed=1), the_count_is_enough(seed=1, fewer=1)


# %% tags=["claim"]
def pairs_see_more(seed, shared=True):
    """With the same random numbers in both futures a small effect shows. This fails with separate ones."""
    before = SHOP.with_({"consumers.packer.count": 4, "duration": 100})
    after = before.with_({"consumers.packer.speed": 0.98})

    def mean(scenario, seed):
        return mq.simulate(scenario, seed=seed).summary()["queues"]["orders"]["sojourn"]["mean"]

    other = 0 if shared else 10_000
    seeds = range(16 * seed, 16 * seed + 16)
    return all(mean(after, each + other) > mean(before, each) for each in seeds)


pairs_see_more(seed=1), pairs_see_more(seed=1, shared=False)

# %% [markdown]
# ## Your turn
#
# The shop grows to 16 orders a second: `grown = SHOP.with_({"producers.web.arrivals": {"poisson": {"rate": 16}}})`. How many
# packers does it need? Ask
# `answer = mq.planning.size(scenario=grown, vary="consumers.packer.count=1..20", target="p99 < 2s")`,
# and end with `answer.data["value"]`.
#
# You should see: `6`

# %% tags=["exercise"]

# %% [markdown]
# How many orders a second can three packers take? Begin with `rates = "producers.web.arrivals.poisson.rate=1..10:0.5"`. Ask
# `answer = mq.planning.size(scenario=SHOP, vary=rates, target="p99 < 2s", highest=True)`, and end with
# `answer.data["value"]`.
#
# You should see: `7.0`

# %% tags=["exercise"]

# %% [markdown]
# ## Take away
#
# * Ask for the smallest value, and read what comes just below it.
# * An exact answer is only as good as its assumptions. An interval gets narrower with more runs. "Unsure" is an answer, too.
# * Compare futures with the same random numbers. Then small effects show.
#
# **From here:** [lesson 12](../lessons/12_reading_an_answer.md), and `mqsim plan --help`.
