"""Which exchange a message took, as far as the scenario tells; a trace names queues alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqsim.scenario import Routing, Scenario, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def number(self, exchange: str) -> int:
        """An exchange's number; that of the default one where the scenario declares none of the name."""
        return self.names.index(exchange) if exchange in self.names[1:] else 0


def routes(scenario: Scenario) -> Routes:
    """The exchanges of a scenario and who takes which way."""
    found = Routes()
    for name, spec in scenario.broker.exchanges.items():
        found.names.append(name)
        found.types.append(spec.type)
    routing = Routing(scenario.broker)
    for name, producer in scenario.producers.items():
        _add(found, routing, name, producer.to)
    for name, consumer in scenario.consumers.items():
        for forward in consumer.publish:
            _add(found, routing, name, forward.to)
    return found


def _add(found: Routes, routing: Routing, group: str, targets: Sequence[Target]) -> None:
    for queue, exchange in routing.exchanges_to(targets).items():
        found.through.setdefault((group, queue), found.number(exchange))
    for target in targets:  # by which a message came that no queue wanted
        found.through.setdefault((group, ""), found.number(target.exchange))
