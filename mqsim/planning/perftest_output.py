"""What RabbitMQ's PerfTest prints: its text in either format, its CSV, JSON of its HTML tools.

Source: PerfTest's metrics formatters (release 2.24).
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NAMES = ("min", "median", "p75", "p95", "p99")
_UNITS = {"µs": 1e-6, "μs": 1e-6, "us": 1e-6, "?s": 1e-6, "ms": 1e-3, "ns": 1e-9}
_FIVE = r"(\d+)/(\d+)/(\d+)/(\d+)/(\d+)\s*(\S?s)"
_LINE = re.compile(r"time:?\s*([\d.,]+)\s?s,(.*)")
_RATE = re.compile(r"(sent|published|received):\s*([\d.]+)\s*msg/s")
_SUMMARY = re.compile(rf"(consumer|confirm) latency min/median/75th/95th/99th\s+{_FIVE}")
_COMPACT = re.compile(r"(\d+\.\d+)s((?:\s+[\d.]+ msg/s)+)\s+" + _FIVE)


@dataclass(frozen=True)
class Sample:
    """One line of PerfTest: a second, or the whole run.

    Attributes:
        time: seconds from the start, or None for the whole.
        sent, received: messages a second; None where they aren't told.
        latency: of consumers, in seconds, by `min`, `median`, `p75`, `p95`, `p99`.
    """

    time: float | None
    sent: float | None
    received: float | None
    latency: dict[str, float]


def read_perf_test(path: Path) -> list[Sample]:
    """The lines of PerfTest's output: its text in either format, its CSV file, or JSON of its HTML tools.

    Raises:
        UsageError: the file can't be read, or holds no latency of consumers.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"{path}: it can't be read ({error.strerror}).") from None
    start = text.lstrip()
    if start.startswith(("{", "[")):
        found = _json(path, text)
    elif start.startswith("id,time"):
        found = _csv(path, text)
    else:
        found = [sample for line in text.splitlines() if (sample := _text_line(line)) is not None]
    if not any(sample.latency for sample in found):
        raise UsageError(
            f"{path}: this is no output of PerfTest with the latency of consumers; save what perf-test "
            "prints, or give its --output-file a name that ends in .csv."
        )
    return found


def _five(cells: Sequence[str], unit: str) -> dict[str, float]:
    scale = _UNITS.get(unit, 1e-6)
    return {name: scale * float(cell) for name, cell in zip(_NAMES, cells, strict=True)}


def _text_line(line: str) -> Sample | None:
    """A line of either text format, or of the summary at the end."""
    if (whole := _SUMMARY.search(line)) is not None and not _LINE.search(line):
        return (
            Sample(None, None, None, _five(whole.groups()[1:6], whole[7])) if whole[1] == "consumer" else None
        )
    if (compact := _COMPACT.match(line.strip())) is not None:
        rates = [float(each) for each in re.findall(r"([\d.]+) msg/s", compact[2])]
        return Sample(float(compact[1]), rates[0], rates[-1], _five(compact.groups()[2:7], compact[8]))
    found = _LINE.search(line)
    if found is None:
        return None
    rates_ = {name: float(value) for name, value in _RATE.findall(found[2])}
    five = re.search(rf"consumer latency:\s*{_FIVE}", found[2])
    latency = {} if five is None else _five(five.groups()[:5], five[6])
    time = float(found[1].replace(",", "."))
    return Sample(time, rates_.get("sent", rates_.get("published")), rates_.get("received"), latency)


def _csv(path: Path, text: str) -> list[Sample]:
    found = []
    rows = csv.DictReader(text.splitlines())
    names = [name for name in rows.fieldnames or () if "consumer latency" in name]
    unit = "ms" if names and "(ms)" in names[0] else "µs"
    for row in rows:
        cells = [row.get(name) or "" for name in names]
        latency = _five(cells, unit) if len(cells) == len(_NAMES) and all(cells) else {}
        try:
            time = float(row["time (s)"])
            sent, received = (_number(row.get(f"{kind} (msg/s)")) for kind in ("published", "received"))
        except (KeyError, ValueError, TypeError):
            raise UsageError(f"{path}: line {rows.line_num} is none of PerfTest's CSV.") from None
        found.append(Sample(time, sent, received, latency))
    return found


def _number(cell: str | None) -> float | None:
    return float(cell) if cell else None


def _json(path: Path, text: str) -> list[Sample]:
    """Of the HTML tools: an object of scenarios, each with samples; latency is min, avg, max in us."""
    try:
        given = json.loads(text)
        found = []
        for scenario in given.values() if isinstance(given, dict) else given:
            for each in scenario["samples"]:
                latency = {"min": 1e-6 * each["min-latency"]} if "min-latency" in each else {}
                latency |= {"mean": 1e-6 * each["avg-latency"]} if "avg-latency" in each else {}
                latency |= {"max": 1e-6 * each["max-latency"]} if "max-latency" in each else {}
                rates = (each.get("send-msg-rate"), each.get("recv-msg-rate"))
                found.append(Sample(each["elapsed"] / 1000.0, *rates, latency))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: this is no JSON of PerfTest's HTML tools ({error}).") from None
    return found


def overall(samples: Sequence[Sample]) -> tuple[dict[str, float], bool]:
    """The latency of the whole run, and whether PerfTest itself says it.

    Without its summary the seconds are averaged, each with the weight of what was received in it.
    """
    whole = next((sample for sample in samples if sample.time is None), None)
    if whole is not None:
        return whole.latency, True
    told = [sample for sample in samples if sample.latency]
    weights = [sample.received or 0.0 for sample in told]
    total = sum(weights)
    if total <= 0.0:
        weights, total = [1.0] * len(told), float(len(told))
    return {
        name: sum(weight * sample.latency[name] for weight, sample in zip(weights, told, strict=True)) / total
        for name in told[0].latency
    }, False
