"""Which exchange a message took, as far as the scenario tells; a trace names queues alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mqsim.scenario import Scenario
from mqsim.scenario.destinations import Target

DEFAULT = "default exchange"


@dataclass
class Routes:
    """The exchanges of a run.

    Attributes:
        names, types: of each exchange; number 0 is the default one.
        through: from (group of who published, queue) to the number of the exchange.
    """

    names: list[str] = field(default_factory=lambda: [DEFAULT])
    types: list[str] = field(default_factory=lambda: ["direct"])
    through: dict[tuple[str, str], int] = field(default_factory=dict)


def routes(scenario: object) -> Routes:
    """The exchanges of a scenario and who takes which way; the default exchange alone where there is none."""
    found = Routes()
    if not isinstance(scenario, Scenario):
        return found
    for name, spec in scenario.broker.exchanges.items():
        found.names.append(name)
        found.types.append(spec.type)
    for name, producer in scenario.producers.items():
        _add(found, scenario, name, producer.to)
    for name, consumer in scenario.consumers.items():
        for forward in consumer.publish:
            _add(found, scenario, name, forward.to)
    return found


def _add(found: Routes, scenario: Scenario, group: str, targets: Iterable[Target]) -> None:
    for target in targets:
        if target.exchange not in found.names:
            for key in target.key.possible():
                found.through.setdefault((group, key), 0)
            continue
        number = found.names.index(target.exchange)
        found.through.setdefault((group, ""), number)
        for queue in _reached(scenario, target.exchange):
            found.through.setdefault((group, queue), number)


def _reached(scenario: Scenario, exchange: str) -> list[str]:
    """Queues that an exchange can pass messages to, also through further exchanges."""
    queues: list[str] = []
    seen, ahead = {exchange}, [exchange]
    while ahead:
        here = ahead.pop()
        onward = [one.to_exchange for one in scenario.broker.bindings if one.exchange == here]
        spec = scenario.broker.exchanges.get(here)
        onward.append(spec.alternate if spec else None)
        queues += [one.queue for one in scenario.broker.bindings if one.exchange == here and one.queue]
        for name in onward:
            if name and name not in seen:
                seen.add(name)
                ahead.append(name)
    return queues
