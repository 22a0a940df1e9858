"""The numbers of a summary as tables of words, for the report and for the terminal alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.scenario import Scenario

ABSENT = "–"

_MISFORTUNES = ("lost", "dropped", "expired", "rejected", "dead-lettered", "unroutable", "refused")


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes:
        title: what it shows, with its units.
        columns: their headings; the first column names the row.
        rows: the cells, as many a row as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float | None) -> str:
    """A number with four significant digits, or a dash where there is none."""
    if value is None or value != value:
        return ABSENT
    if isinstance(value, int):
        return f"{value:,}"
    if 1e4 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal, or a dash where there is none."""
    return ABSENT if share is None else f"{share:.1%}"


def messages_table(summary: dict[str, Any]) -> Table:
    """What became of the messages of each queue; outcomes that never occurred have no column."""
    queues = summary["queues"]
    seen = [outcome for outcome in _MISFORTUNES if any(queue[outcome] for queue in queues.values())]
    keys = ("created", "acked", *seen, "unfinished", "redelivered", "duplicates")
    rows = ((name, *(number(queue[key]) for key in keys)) for name, queue in queues.items())
    return Table("What became of the messages", ("queue", *keys), tuple(rows))


def times_table(summary: dict[str, Any]) -> Table:
    """How long messages waited, were worked on and took in all (seconds)."""
    parts = (
        *(("wait", part) for part in ("mean", "p95", "p99")),
        ("service", "mean"),
        *(("sojourn", part) for part in ("mean", "p95", "p99")),
    )
    rows = (
        (name, *(number(queue[time][part]) for time, part in parts))
        for name, queue in summary["queues"].items()
    )
    return Table("Times in seconds", ("queue", *(f"{time} {part}" for time, part in parts)), tuple(rows))


def load_table(summary: dict[str, Any]) -> Table:
    """How fast each queue was worked off, how many messages had to wait, and how many were there."""
    columns = ("queue", "acks/s", "had to wait", "ready mean", "ready max", "in system mean", "in system max")
    rows = (
        (
            name,
            number(queue["throughput"]),
            percent(queue["p_wait"]),
            *(number(queue[level][part]) for level in ("depth", "in_system") for part in ("mean", "max")),
        )
        for name, queue in summary["queues"].items()
    )
    return Table("Throughput and messages there", columns, tuple(rows))


def consumers_table(summary: dict[str, Any], most: int | None = None) -> Table:
    """What each consumer did; with more than `most` consumers, what each group of them did."""
    one_by_one = most is None or len(summary["consumers"]) <= most
    numbers = summary["consumers" if one_by_one else "groups"]
    rows = tuple(
        (name, number(one["handled"]), *(percent(one[key]) for key in ("share", "utilisation", "of_up_time")))
        for name, one in numbers.items()
    )
    first = "consumer" if one_by_one else "consumers"
    return Table("Consumers", (first, "handled", "share", "busy of the run", "busy of up time"), rows)


def producers_table(summary: dict[str, Any]) -> Table:
    """What each producer counted over the whole run."""
    keys = ("created", "published", "confirmed", "nacked", "returned", "blocked_for")
    rows = tuple((name, *(number(one[key]) for key in keys)) for name, one in summary["producers"].items())
    return Table("Producers", ("producer", *keys[:-1], "blocked for (s)"), rows)


def theory_table(scenario: Scenario, summary: dict[str, Any]) -> tuple[Table | None, tuple[str, ...]]:
    """Theory beside what was simulated, and what to mind about it; no table where no formula fits."""
    from mqsim.matching import simulated, theory_lines

    lines = theory_lines(scenario)
    rows = tuple(
        (
            line.queue or "the whole",
            line.model,
            line.fit.value,
            line.quantity,
            number(line.value),
            number(simulated(summary, line)),
        )
        for line in lines
    )
    columns = ("queue", "model", "fit", "quantity", "formula", "simulated")
    mind = tuple(dict.fromkeys(line.mind for line in lines if line.mind))
    return (Table("Theory beside simulation (times in seconds)", columns, rows) if rows else None), mind


def summary_tables(summary: dict[str, Any], most_consumers: int | None = None) -> list[Table]:
    """All tables of a summary that have rows."""
    tables = (
        messages_table(summary),
        times_table(summary),
        load_table(summary),
        consumers_table(summary, most_consumers),
        producers_table(summary),
    )
    return [table for table in tables if table.rows]


def verdict(summary: dict[str, Any], broken: Iterable[str] = ()) -> str:
    """The run in one sentence.

    Args:
        summary: the run's numbers.
        broken: names of the checks that did not hold.
    """
    flows, counts = summary["flows"], summary["messages"]
    count, finished = flows["count"], flows["finished"]
    if not count:
        return "No message was created."
    after = (
        f" that came after the first {summary['window']['start']:g} s" if summary["window"]["start"] else ""
    )
    plural = "message" if count == 1 else "messages"
    were = "was" if finished == 1 else "were"
    parts = [
        f"All {number(count)} {plural}{after} were worked to the end"
        if finished == count > 1
        else f"{number(finished)} of {number(count)} {plural}{after} {were} worked to the end"
    ]
    # Where a message has several copies, one may be lost and the message still be worked to its end.
    copies = counts["created"] != count
    harm = [
        f"{number(counts[key])} {('copy ' if counts[key] == 1 else 'copies ') * copies}{key}"
        for key in _MISFORTUNES
        if counts[key] and key != "dead-lettered"
    ]
    parts.append(", ".join(harm) if harm else "none was lost")
    if counts["unfinished"]:
        parts.append(f"{number(counts['unfinished'])} still under way at the end")
    again = sum(queue["duplicates"] for queue in summary["queues"].values())
    if again:
        parts.append(f"work was done again {number(again)} time{'s' * (again != 1)}")
    failed = [name.replace("_", " ").replace("-", " ") for name in broken]
    tail = f" Failed check{'s' * (len(failed) > 1)}: {', '.join(failed)}." if failed else ""
    return "; ".join(parts) + "." + tail
