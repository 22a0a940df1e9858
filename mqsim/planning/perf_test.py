"""RabbitMQ's PerfTest: the command for a scenario's load, and its output beside the simulation.

PerfTest sends at a steady rate to one queue, and its consumers work for a constant time. What is otherwise in
a scenario is told beside the command. Its consumer latency begins with the publish and ends when the consumer
gets to the message: here that is the wait.

Source: RabbitMQ PerfTest's documentation (release 2.24).
"""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, costs_nothing, plain
from mqsim.planning.figures import Drawing
from mqsim.planning.perftest_output import overall, read_perf_test
from mqsim.planning.subject import Source, subject
from mqsim.planning.units import amount, percent, seconds
from mqsim.runs import simulate
from mqsim.scenario import Every, Poisson
from mqsim.trace.frames import columns

if TYPE_CHECKING:
    import os

    from mqsim.planning.judge import State
    from mqsim.scenario import Scenario
    from mqsim.scenario.actors import ConsumerSpec, ProducerSpec
    from mqsim.scenario.brokerspec import QueueSpec

WITHIN = 0.10
_PERCENTILES = {"median": 50, "p75": 75, "p95": 95, "p99": 99}
_LONG = 60.0


class NoPerfTestError(UsageError):
    """A load that PerfTest can't play; the sentence says why."""


def perf_test(
    *,
    scenario: Source | None = None,
    read: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    **flags: Any,
) -> Answer:
    """PerfTest's command for a scenario's load, or its output beside the simulation.

    Args:
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        read: what PerfTest printed, or its CSV or JSON file; then it is compared.
        seed: of all random numbers.
        flags: without a scenario: `rate`, `work`, `workers` and so on.

    Raises:
        NoPerfTestError: PerfTest can't play that load.
        UsageError: the output can't be read.
        ScenarioError: the scenario can't be understood.
    """
    asked = subject(scenario, seed, flags)
    if asked.knobs:
        raise UsageError(f"perf-test: {asked.knobs[0].path} has several values; give one.")
    line = perf_test_command(asked.scenario)
    options = {"read": [] if read is None else [str(read)]}
    command, code = asked.command("perf-test", options, {}), asked.code("perf_test", options, {})
    repeat = {"command": command, "code": code}
    notes = differences(asked.scenario)
    question = f"What does PerfTest measure for {asked.scenario.name}?"
    if read is None:
        says = f"PerfTest plays this load with: {line}"
        notes.append("Save what it prints, and read it with --read FILE.")
        told: dict[str, Any] = {"sentence": says, "command": line, "repeat": repeat}
        return Answer(question, says, "met", tuple(notes), code, command, told, [], asked.scenario)
    measured, whole = overall(read_perf_test(Path(read)))
    played = as_perf_test(asked.scenario)
    rows = _compared(played, measured)
    if not rows:
        raise UsageError(f"{read}: it has no median or percentile of the latency to compare with.")
    says, met = _sentence(Path(read), rows)
    if not whole:
        notes.append(
            "The file has no summary of the whole run: percentiles are means of those of its seconds."
        )
    notes += [free] if (free := costs_nothing(played)) else []
    drawing = Drawing("percentile", ("PerfTest", "simulated"), "Wait: PerfTest's and simulated", unit="s")
    data = {"sentence": says, "numbers": plain(rows), "command": line, "repeat": repeat}
    state: State = "met" if met else "not met"
    return Answer(question, says, state, tuple(notes), code, command, data, rows, played, drawing)


def _compared(played: Scenario, measured: dict[str, float]) -> list[dict[str, Any]]:
    trace = simulate(played if played.duration is not None else played.with_({"duration": _LONG})).trace
    published, started = columns(trace.messages, "published", "started")
    waits = (started - published)[~np.isnan(started)]
    rows = []
    for name, p in _PERCENTILES.items():
        if name in measured and waits.size:
            simulated = float(np.percentile(waits, p))
            off = simulated / measured[name] - 1.0 if measured[name] > 0.0 else math.inf
            rows.append({"percentile": p, "PerfTest": measured[name], "simulated": simulated, "off by": off})
    return rows


def _sentence(path: Path, rows: list[dict[str, Any]]) -> tuple[str, bool]:
    worst = max(rows, key=lambda row: abs(row["off by"]))
    met = abs(worst["off by"]) <= WITHIN
    agree = "agree within" if met else "differ by more than"
    both = f"simulated {seconds(worst['simulated'])} and measured {seconds(worst['PerfTest'])}"
    return (
        f"{path.name} and the simulation {agree} {percent(WITHIN)} on {amount(len(rows))} percentiles of "
        f"the wait; the largest difference is p{worst['percentile']}, {both}."
    ), met


def perf_test_command(scenario: Scenario) -> str:
    """PerfTest's command for the load of a scenario with one queue.

    Raises:
        NoPerfTestError: PerfTest can't play that load.
    """
    queue, spec, producer, consumers = _one_of_each(scenario)
    rate = _rate(producer)
    words = ["perf-test", "--producers", str(producer.count), "--consumers", str(consumers.count)]
    words += [
        "--queue",
        queue,
        "--rate",
        f"{rate:g}" if rate % 1 else f"{rate:.0f}",
        "--size",
        str(producer.size),
    ]
    words += [] if consumers.prefetch == 0 else ["--qos", str(consumers.prefetch)]
    words += ["--autoack"] if consumers.ack == "auto" else []
    words += ["--flag", "persistent"] if producer.persistent else []
    words += ["--confirm", str(producer.confirms.window)] if producer.confirms is not None else []
    work = (consumers.service or producer.work).mean / _speed(consumers)
    words += ["--consumer-latency", f"{1e6 * work:.0f}"] if work > 0.0 else []
    words += ["--quorum-queue"] if spec.type == "quorum" else ["--auto-delete", "false"]
    if arguments := _arguments(spec):
        words += ["--queue-args", arguments]
    words += ["--time", f"{scenario.duration:.0f}"] if scenario.duration else []
    return shlex.join(words)


def differences(scenario: Scenario) -> list[str]:
    """What PerfTest plays otherwise than the scenario, in sentences."""
    _, _, producer, consumers = _one_of_each(scenario)
    found = []
    if not isinstance(producer.arrivals, Every):
        found.append("PerfTest sends like clockwork at that rate, and the scenario does not.")
    if (consumers.service or producer.work).variance > 0.0:
        found.append("PerfTest's consumers take the mean work for every message.")
    if isinstance(consumers.speed, list) and len(set(consumers.speed)) > 1:
        found.append("PerfTest's consumers are all equally fast.")
    if scenario.faults:
        found.append("PerfTest plays no faults.")
    return found


def as_perf_test(scenario: Scenario) -> Scenario:
    """The scenario as PerfTest plays it: like clockwork, with constant work and without faults."""
    _, _, producer, workers = _one_of_each(scenario)
    group = next(name for name, spec in scenario.producers.items() if spec is producer)
    consumer = next(name for name, spec in scenario.consumers.items() if spec is workers)
    changes: dict[str, Any] = {
        f"producers.{group}.arrivals": {"every": 1.0 / _rate(producer)},
        f"producers.{group}.work": (workers.service or producer.work).mean,
        f"consumers.{consumer}.speed": _speed(workers),
        f"consumers.{consumer}.service": None,
        "faults": [],
    }
    return scenario.with_(changes)


def _one_of_each(scenario: Scenario) -> tuple[str, QueueSpec, ProducerSpec, ConsumerSpec]:
    producers = [spec for spec in scenario.producers.values() if spec.count]
    consumers = [spec for spec in scenario.consumers.values() if spec.count]
    if len(producers) != 1 or len(consumers) != 1:
        raise NoPerfTestError(
            "PerfTest plays one group of producers and one of consumers; this scenario has "
            f"{len(producers)} and {len(consumers)}, so run one PerfTest for each pair."
        )
    targets = producers[0].to
    queue = consumers[0].queue
    if len(targets) != 1 or targets[0].queue != queue:
        raise NoPerfTestError("PerfTest here needs producers that publish straight to the consumers' queue.")
    return queue, scenario.broker.queues[queue], producers[0], consumers[0]


def _rate(producer: ProducerSpec) -> float:
    match producer.arrivals:
        case Poisson():
            return producer.arrivals.rate
        case Every():
            return 1.0 / producer.arrivals.interval
    raise NoPerfTestError("PerfTest sends at one rate; the scenario's arrivals have none (poisson or every).")


def _speed(consumers: ConsumerSpec) -> float:
    speed = consumers.speed
    return float(speed) if isinstance(speed, int | float) else sum(speed) / len(speed)


def _arguments(spec: QueueSpec) -> str:
    found = {
        "x-max-length": spec.max_length,
        "x-max-length-bytes": spec.max_bytes,
        "x-max-priority": spec.max_priority,
        "x-delivery-limit": spec.delivery_limit,
        "x-message-ttl": None if spec.message_ttl is None else round(1000 * spec.message_ttl),
        "x-single-active-consumer": "true" if spec.single_active_consumer else None,
        "x-overflow": spec.overflow if spec.max_length is not None and spec.overflow != "drop-head" else None,
    }
    return ",".join(f"{key}={value}" for key, value in found.items() if value is not None)
