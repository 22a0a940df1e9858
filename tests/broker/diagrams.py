"""Draws docs/state-machines.md from the broker's tables: python -m tests.broker.diagrams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.amqp.states import MACHINES as OF_AMQP
from mqsim.broker import MACHINES
from mqsim.mqtt.states import MACHINES as OF_MQTT
from mqsim.stomp.states import MACHINES as OF_STOMP

if TYPE_CHECKING:
    from enum import Enum

    from mqsim.broker.lifecycle import Machine
    from mqsim.protocol import Machine as ProtocolMachine

INTRODUCTION = """# The broker's state machines

Drawn from the tables in `mqsim/broker/lifecycle.py`, `mqsim/amqp/states.py`, `mqsim/mqtt/states.py` and
`mqsim/stomp/states.py` by `python -m tests.broker.diagrams`; a test keeps this page in step. What is not
drawn is refused: an error names the state and the input, and nothing changes; AMQP's and STOMP's mistakes are
answered as RabbitMQ answers them, and MQTT's end the connection.
"""


def _name(state: Enum) -> str:
    return state.name.lower()


def diagram(machine: Machine[Any, Any] | ProtocolMachine[Any, Any]) -> str:
    """One machine as a Mermaid state diagram."""
    states = list(
        dict.fromkeys([machine.begin, *(state for state, _ in machine.table), *machine.table.values()])
    )
    lines = ["stateDiagram-v2"]
    lines += [
        f'    state "{state.value}" as {_name(state)}' for state in states if state.value != _name(state)
    ]
    lines.append(f"    [*] --> {_name(machine.begin)}")
    lines += [f"    {_name(a)} --> {_name(b)}: {given.value}" for (a, given), b in machine.table.items()]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    machines: list[Machine[Any, Any] | ProtocolMachine[Any, Any]] = [*MACHINES, *OF_AMQP, *OF_MQTT, *OF_STOMP]
    for machine in machines:
        title = machine.name[0].upper() + machine.name[1:]
        parts.append(f"## {title}\n\n{machine.says}\n\n```mermaid\n{diagram(machine)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    place = Path(__file__).parents[2] / "docs" / "state-machines.md"
    place.parent.mkdir(exist_ok=True)
    place.write_text(page(), encoding="utf-8")
