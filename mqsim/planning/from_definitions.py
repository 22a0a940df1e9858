"""What a RabbitMQ definitions file means here: a scenario's broker, and an account of every key."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, command_line
from mqsim.planning.subject import Source, subject
from mqsim.planning.units import amount
from mqsim.scenario import Scenario
from mqsim.scenario.brokerspec import Profile
from mqsim.scenario.definitions import Definitions, read_definitions
from mqsim.scenario.interchange import broker_of, definitions_of

if TYPE_CHECKING:
    import os

_DURATION = 3600.0


def from_definitions(
    file: str | os.PathLike[str],
    *,
    vhost: str | None = None,
    profile: str = "4.3",
    out: str | os.PathLike[str] | None = None,
) -> Answer:
    """Read a definitions file and give an account of every key.

    The answer's `scenario` has the queues, exchanges and bindings, with what policies add; producers and
    consumers are yours to write beside them. Its table has a row for each key: used, without effect here and
    why, or not modelled and why.

    Args:
        file: JSON, as `rabbitmqctl export_definitions` writes it.
        vhost: whose queues; by default `/`, or the only one that has any.
        profile: which RabbitMQ's rules: 3.10, 4.0 or 4.3.
        out: a file for the scenario, in YAML.

    Raises:
        UsageError: the file can't be read, or it isn't clear which virtual host.
    """
    path = Path(file)
    if profile not in get_args(Profile):
        raise UsageError(f"--profile {profile}: write one of {', '.join(get_args(Profile))}.")
    found = read_definitions(path, vhost)
    scenario = Scenario.from_data(
        {"name": path.stem, "duration": _DURATION, "broker": broker_of(found, profile)}, source=path.name
    )
    if out is not None:
        Path(out).write_text(scenario.to_yaml(), encoding="utf-8")
    says = _sentence(path, found)
    words = ["from-definitions", str(path), *([] if vhost is None else ["--vhost", vhost])]
    words += [] if profile == "4.3" else ["--profile", profile]
    given = [repr(str(path)), *([] if vhost is None else [f"vhost={vhost!r}"])]
    given += [] if profile == "4.3" else [f"profile={profile!r}"]
    command, code = command_line(words), f"mq.planning.from_definitions({', '.join(given)})"
    rows = [
        {"where": entry.where, "key": entry.key, "state": entry.state, "why": entry.why}
        for entry in found.account
    ]
    data = {
        "sentence": says,
        "vhost": found.vhost,
        "profile": profile,
        "queues": [queue.name for queue in found.queues],
        "account": rows,
        "repeat": {"command": command, "code": code},
    }
    rules = f"The rules are those of RabbitMQ {profile} (--profile: {', '.join(get_args(Profile))})"
    notes = [
        f"{rules}{_version(path)}.",
        *found.told(),
        *([] if out is None else [f"The scenario is in {out}."]),
    ]
    return Answer(
        f"What does {path.name} declare?", says, "met", tuple(notes), code, command, data, rows, scenario
    )


def _version(path: Path) -> str:
    """What the file says of the RabbitMQ that wrote it, which does not decide."""
    given = json.loads(path.read_text(encoding="utf-8-sig"))
    version = given.get("rabbitmq_version") or given.get("rabbit_version")
    return f", though RabbitMQ {version} wrote the file" if version else ""


def _sentence(path: Path, found: Definitions) -> str:
    kinds = Counter(str(queue.effective.get("x-queue-type", "classic")) for queue in found.queues)
    states = Counter(entry.state for entry in found.account)
    queues = f"{amount(len(found.queues))} queues"
    if kinds["quorum"]:
        queues += f" ({amount(kinds['quorum'])} of them quorum)"
    things = f"{queues}, {amount(len(found.exchanges))} exchanges and {amount(len(found.bindings))} bindings"
    return (
        f"{path.name} declares {things} in virtual host {found.vhost}; of {amount(len(found.account))} keys "
        f"{amount(states['used'])} are used, {amount(states['no effect'])} have no effect here, and "
        f"{amount(states['not modelled'])} are not modelled."
    )


def to_definitions(
    *, scenario: Source, out: str | os.PathLike[str] | None = None, **flags: Any
) -> dict[str, Any]:
    """A definitions file, as data, that declares what a scenario's broker has.

    Args:
        scenario: a file, a preset, a Scenario or plain data.
        out: a file for it, in JSON; RabbitMQ imports it with `rabbitmqctl import_definitions`.
        flags: without a scenario: `rate`, `work` and so on.

    Raises:
        ScenarioError: the scenario can't be understood.
    """
    data = definitions_of(subject(scenario, None, flags).scenario)
    if out is not None:
        Path(out).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return data
