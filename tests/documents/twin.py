"""Makes docs/twin.md from the twin's own rules: `python -m tests.documents.twin --write`."""

from __future__ import annotations

import sys
from pathlib import Path

from mqsim.scenario import actors, arrivals, autoscaling, brokerspec, conduct, destinations, faults, network
from mqsim.scenario.scenario import Scenario
from mqsim.twin.rules import FAULTS, KNOWN, RULES
from mqsim.twin.supply import MOST_ATTEMPTS

PAGE = Path(__file__).parents[2] / "docs" / "twin.md"

_BEFORE = """\
# The compiled twin

mqsim has two engines. The SimPy model (`mqsim/sim`) runs every scenario, and it is the one to read. The
compiled twin (`mqsim/twin`) runs most of them much faster. Both give the same tables and the same log, bit
for bit: a test compares the two on scenarios that are drawn at random.

The twin needs numba:

    pip install 'mqsim[fast]'

numba compiles the twin once, which takes a minute or two, and keeps it on disk. `make fast` does that ahead
of time; so does `python -m mqsim.twin.ahead`.

`mqsim run --engine` and the argument `engine` of `mq.simulate` choose:

| engine | what happens |
| --- | --- |
| `auto` | the twin if it can play the scenario, is compiled and pays for a run of that length; else SimPy |
| `simpy` | the SimPy model |
| `compiled` | the twin, or an error that says why it can't |

`Result.engine` says which one it was. `mq.simulate_many(scenario, seeds, measure)` runs a scenario once a
seed and keeps only the numbers that you name; the twin then plays several runs at a time. It makes no tables
for them: it counts as it goes, and the memory that a message took is used again once the message is over. So
a run of numbers alone can have 200 million messages, where a run with tables can have 10 million. The numbers
are those of `Result.summary()`. The twin makes tables after all, and reads the numbers from them, where a
message has several copies or is asked about later: dead letters, messages that consumers publish, confirms,
and `warmup: auto`.

`python -m tests.twin.fuzz 1000` draws a thousand scenarios, runs each in both engines, and prints the first
difference.

## What the twin leaves to the SimPy model

The twin plays a scenario only if it knows every field that the scenario sets. A new field is left to the
SimPy model until the twin learns it. `mqsim.twin.eligible(scenario)` gives the reason as one of these
sentences.

| what | why |
| --- | --- |
"""

_MIDDLE = """
A scenario that sets one of these fields to anything but its default is left to the SimPy model, too:

| part of a scenario | fields |
| --- | --- |
"""

_AFTER = """
The twin plays these faults of actors: {faults}.

Two things show only during a run. In the profiles 3.10 and 4.0, RabbitMQ closes a channel whose
acknowledgement takes longer than `broker.consumer_timeout`. And a message may be delivered over {most} times
while it is left to chance whether its work fails. Where one of these happens, `auto` runs the scenario again
in the SimPy model, and `compiled` gives an error.
"""


def page() -> str:
    """The page as it has to be."""
    rules = "".join(f"| {rule.about} | {rule.why} |\n" for rule in RULES)
    left = "".join(
        f"| `{name}` | {', '.join(f'`{field}`' for field in fields)} |\n" for name, fields in unread().items()
    )
    return (
        _BEFORE
        + rules
        + _MIDDLE
        + left
        + _AFTER.format(most=MOST_ATTEMPTS, faults=", ".join(f"`{kind}`" for kind in FAULTS))
    )


def unread() -> dict[str, list[str]]:
    """For each part of a scenario the fields that the twin does not know."""
    modules = (actors, arrivals, autoscaling, brokerspec, conduct, destinations, faults, network)
    kinds = {name: kind for module in modules for name, kind in vars(module).items() if name in KNOWN}
    kinds["Scenario"] = Scenario
    found = {
        name: [field for field in kinds[name].model_fields if field not in known.split()]
        for name, known in KNOWN.items()
        if name in kinds
    }
    return {name: fields for name, fields in found.items() if fields}


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    elif PAGE.read_text("utf-8") != page():
        sys.exit("docs/twin.md is not as the rules have it; run python -m tests.documents.twin --write")
