"""The fields of a scenario as tables, read off the models, so that a page can't tell anything else.

The same for outcomes, which the trace defines. `python -m tests.documents.fields --write` writes these
tables anew.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from mqsim.distributions import Distribution
from mqsim.scenario import (
    Autoscale,
    BindingSpec,
    BrokerSpec,
    Confirms,
    ConsumerSpec,
    CostsSpec,
    DeadLetterSpec,
    DiskSpec,
    ExchangeSpec,
    Fails,
    Forward,
    Hpa,
    Keda,
    LinkSpec,
    MemorySpec,
    NetworkSpec,
    Policy,
    ProducerSpec,
    ProgramSpec,
    QueueSpec,
    Retry,
    ScaleDown,
    ScaleUp,
    Scenario,
    TargetTracking,
)
from mqsim.scenario.faults import FAULTS
from mqsim.scenario.spec import Spec
from mqsim.trace import How, Outcome

DOCS = Path(__file__).parents[2] / "docs"

PARTS: dict[str, type[Spec]] = {
    "The whole": Scenario,
    "`broker`": BrokerSpec,
    "`broker.queues.NAME`": QueueSpec,
    "`broker.queues.NAME.dead_letter`": DeadLetterSpec,
    "`broker.exchanges.NAME`": ExchangeSpec,
    "`broker.bindings`, each": BindingSpec,
    "`broker.costs`": CostsSpec,
    "`broker.memory`": MemorySpec,
    "`broker.disk`": DiskSpec,
    "`network`": NetworkSpec,
    "`network.links`, each": LinkSpec,
    "`producers.NAME`": ProducerSpec,
    "`producers.NAME.confirms`": Confirms,
    "`producers.NAME.retry`": Retry,
    "`consumers.NAME`": ConsumerSpec,
    "`consumers.NAME.fails`": Fails,
    "`consumers.NAME.publish`, each": Forward,
    "`consumers.NAME.autoscale`": Autoscale,
    "`consumers.NAME.autoscale.hpa`": Hpa,
    "`consumers.NAME.autoscale.hpa.scale_up`": ScaleUp,
    "`consumers.NAME.autoscale.hpa.scale_down`": ScaleDown,
    "`consumers.NAME.autoscale.hpa.scale_up.policies`, each": Policy,
    "`consumers.NAME.autoscale.keda`": Keda,
    "`consumers.NAME.autoscale.target_tracking`": TargetTracking,
    "`programs.NAME`": ProgramSpec,
}
"""Headings of docs/scenario.md and the models whose fields stand below them."""


def table_of(model: type[Spec]) -> str:
    """The model's fields as a Markdown table: field, default, meaning; of `Keda`, what it adds to `Hpa`."""
    lines = ["| field | default | meaning |", "| --- | --- | --- |"]
    above = {} if model is not Keda else Hpa.model_fields
    for name, field in model.model_fields.items():
        if field.exclude or (name in above and above[name].default == field.default):
            continue
        given = field.get_default(call_default_factory=True)
        shown = "required" if given is PydanticUndefined else f"`{flow(given)}`"
        lines.append(
            f"| `{field.alias or name}` | {shown} | {field.description}{choices(field.annotation)} |"
        )
    return "\n".join(lines)


def choices(annotation: Any) -> str:
    """The words that may stand in a field, where there are only so many."""
    if get_origin(annotation) is not Literal:
        return ""
    return f" ({', '.join(f'`{flow(word)}`' for word in get_args(annotation))})"


def table_of_faults() -> str:
    """The kinds of faults as a Markdown table: kind, what it is aimed at, which fields it takes."""
    aims = {
        "actor": "an actor or a group",
        "either": "an actor, a group, `broker` or `broker-k`",
        "link": "two ends, one of them `broker` or `broker-k`",
        "alarm": "`memory` or `disk`",
        "service": "`ledger`",
        "consumer": "a consumer or a group of consumers",
    }
    lines = ["| kind | aimed at | fields |", "| --- | --- | --- |"]
    for kind, rule in FAULTS.items():
        fields = ", ".join(f"`{name}`" for name in rule.takes)
        lines.append(f"| `{kind}` | {aims[rule.target]} | {fields} |")
    return "\n".join(lines)


def table_of_words(words: type[Outcome] | type[How]) -> str:
    """What each word of an enumeration means, as its docstring says."""
    said = " ".join((words.__doc__ or "").split())
    names = "|".join(word.name for word in words)
    parts = re.split(rf"(?:^|(?<=[.] ))({names}): ", said)
    meanings = dict(zip(parts[1::2], parts[2::2], strict=True))
    lines = ["| word | meaning |", "| --- | --- |"]
    for word in words:
        meaning = meanings[word.name].strip()
        lines.append(f"| `{word.label}` | {meaning[0].upper()}{meaning[1:]} |")
    return "\n".join(lines)


def tables() -> dict[str, dict[str, str]]:
    """For each page the tables that are made, by the heading that they stand below."""
    scenario = {heading: table_of(model) for heading, model in PARTS.items()}
    scenario["`faults`, each"] = table_of_faults()
    return {
        "scenario.md": scenario,
        "semantics.md": {"Outcomes": table_of_words(Outcome), "How an attempt ended": table_of_words(How)},
    }


def with_tables(text: str, made: dict[str, str]) -> str:
    """A page with the first table below each heading as it is made.

    Raises:
        ValueError: a heading, or the table below it, is not there.
    """
    for heading, table in made.items():
        pattern = rf"(^#+ {re.escape(heading)}\n(?:(?!#|\|).*\n)*)(?:\|.*\n)+"
        text, count = re.subn(
            pattern, lambda found, table=table: f"{found[1]}{table}\n", text, flags=re.MULTILINE
        )
        if count != 1:
            raise ValueError(f"{heading}: {count} tables below that heading, not one")
    return text


def flow(value: Any) -> str:
    """A value as one line of YAML."""
    if isinstance(value, Distribution):
        return flow(value.spec())
    if isinstance(value, Spec):
        return flow(value.to_data())
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inside)}" for key, inside in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(inside) for inside in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str) and value.replace("-", "").replace("_", "").isalpha():
        return value
    return json.dumps(value)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    for name, made in tables().items():
        page = DOCS / name
        page.write_text(with_tables(page.read_text(encoding="utf-8"), made), encoding="utf-8", newline="\n")
