"""A scenario checked against a real RabbitMQ: measured beside simulated, with latency and costs fitted.

The same messages are played for real and simulated: same times, same work, same keys. Broker costs are fitted
to small loads beforehand (`mqsim.live.probe`). Latency is fitted to one mean of the run: how long a worker
that takes one message at a time waits between two of them while others are waiting. That is twice the latency
and a delivery. None of the percentiles that are compared is fitted.

Source: A. M. Law, Simulation Modeling and Analysis, 5th ed., 2015, ch. 5: a model is validated by driving it
with the inputs of the real system (correlated inspection).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, plain
from mqsim.planning.figures import Drawing
from mqsim.planning.perf_test import NoPerfTestError, perf_test_command
from mqsim.planning.subject import Source, subject
from mqsim.planning.units import amount, percent, positive, seconds
from mqsim.runs import simulate
from mqsim.trace.frames import columns

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from mqsim.live.address import Address
    from mqsim.live.load import Load
    from mqsim.live.play import Played
    from mqsim.live.probe import Probed
    from mqsim.planning.study import Progress
    from mqsim.scenario import Scenario

Floats = NDArray[np.float64]

WITHIN = 0.10
"""Simulated and measured agree where they differ by at most this share of what was measured ..."""
CLOCK = 1e-3
"""... or by this many seconds: a general-purpose system wakes a process no more exactly."""
PERCENTILES = (50, 95, 99)
LONG = 60.0
_WAITED = 5e-3
"""Seconds that a message must have been out for it to count as waiting."""
_ENOUGH = 30
_FEW = 300
"""Messages of a queue below which a p99 is a matter of three messages."""


@dataclass(frozen=True)
class Compared:
    """One number, measured and simulated, in seconds."""

    queue: str
    what: str
    percentile: int
    measured: float
    simulated: float
    as_written: float

    @property
    def off(self) -> float:
        """Simulated over measured, less 1."""
        return self.simulated / self.measured - 1.0 if self.measured > 0.0 else math.inf

    @property
    def agrees(self) -> bool:
        """Whether they differ by no more than they may."""
        return abs(self.simulated - self.measured) <= max(WITHIN * self.measured, CLOCK)

    @property
    def words(self) -> str:
        """What it is: `the wait p99 in queue tasks`."""
        return f"the {self.what} p{self.percentile} in queue {self.queue}"


def calibrate(
    *,
    amqp: str,
    scenario: Source | None = None,
    play_for: str | float | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    **flags: Any,
) -> Answer:
    """Play a scenario's load on a real RabbitMQ, and show simulated beside measured.

    A process for each producer and each consumer is started on this machine. Queues and exchanges get names
    of their own and are removed in the end. It is a load test: use a RabbitMQ that you may load.

    Args:
        amqp: where RabbitMQ is: `HOST:PORT` or `amqp://USER:PASSWORD@HOST:PORT/VHOST`.
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        play_for: how long producers send, such as `"30s"`; by default as long as the scenario's duration, and
            at most a minute.
        out: a file for the scenario with the fitted latency and costs, in YAML.
        seed: of all random numbers.
        progress: called with the messages that were worked on, and how many there are.
        flags: without a scenario: `rate`, `work`, `workers` and so on.

    Raises:
        UsageError: RabbitMQ can't be reached, or the scenario has something that can't be played for real.
        ScenarioError: the scenario can't be understood.
    """
    # Here, so that pika is loaded for those alone who talk to a real broker.
    from mqsim.live.address import Address
    from mqsim.live.load import load_of
    from mqsim.live.play import play
    from mqsim.live.probe import probe
    from mqsim.live.topology import Topology

    asked = subject(scenario, seed, flags)
    if asked.knobs:
        raise UsageError(f"calibrate: {asked.knobs[0].path} has several values; give one.")
    address = Address.read(amqp)
    length = _length(asked.scenario, play_for)
    load = load_of(asked.scenario, length)
    probed = probe(address, *_kind(asked.scenario))
    played = play(load, Topology(asked.scenario), address, progress)
    turns = turnarounds(asked.scenario, played)
    fitted = fitted_to(asked.scenario, probed, turns)
    compared = compare(asked.scenario, fitted, played, length)
    if out is not None:
        Path(out).write_text(fitted.to_yaml(), encoding="utf-8")
    options = {"amqp": [amqp], "for": [] if play_for is None else [str(play_for)]}
    command = asked.command("calibrate", options, {})
    code = asked.code("calibrate", {"amqp": [amqp], "play_for": options["for"]}, {})
    return _told(asked.scenario, fitted, address, load, played, compared, command, code, out)


def _length(scenario: Scenario, play_for: str | float | None) -> float:
    if play_for is not None:
        return positive(str(play_for), "time", "--for")
    return min(scenario.duration or LONG, LONG)


def _kind(scenario: Scenario) -> tuple[int, bool, bool, bool]:
    """The size of a message, whether it is persistent, whether there are confirms, and quorum queues."""
    producers = [spec for spec in scenario.producers.values() if spec.count]
    confirms = any(spec.confirms is not None for spec in producers)
    quorum = any(queue.type == "quorum" for queue in scenario.broker.queues.values())
    return producers[0].size, any(spec.persistent for spec in producers), confirms, quorum


def turnarounds(scenario: Scenario, played: Played) -> Floats:
    """Seconds from the end of a message to the begin of the worker's next, where that one waited already.

    Only of workers that acknowledge by hand and hold one message at a time: others have their next at hand.
    """
    alone = {name for name, spec in scenario.consumers.items() if spec.prefetch == 1 and spec.ack == "manual"}
    last: dict[str, float] = {}
    found = []
    for each in sorted(played.handled, key=lambda one: one.started):
        before = last.get(each.worker)
        if (
            each.worker.rpartition("-")[0] in alone
            and before is not None
            and each.published < before - _WAITED
        ):
            found.append(each.started - before)
        last[each.worker] = each.finished
    return np.array(found)


def fitted_to(scenario: Scenario, probed: Probed, turns: Floats) -> Scenario:
    """The scenario with the latency and the broker costs that were found, to two digits.

    Args:
        scenario: as it was written.
        probed: what small loads showed.
        turns: what `turnarounds` found; with few of them the latency is that of the small loads.
    """
    latency = (
        max(0.0, 0.5 * (float(turns.mean()) - probed.empty)) if turns.size >= _ENOUGH else probed.latency
    )
    found = {
        "network.latency": latency,
        "broker.costs.publish": probed.fill,
        "broker.costs.deliver": probed.empty,
    }
    if probed.confirm is not None or probed.quorum is not None:
        found["broker.costs.sync"] = probed.sync
    return scenario.with_({path: float(f"{value:.2g}") for path, value in found.items()})


def compare(scenario: Scenario, fitted: Scenario, played: Played, length: float) -> list[Compared]:
    """Wait and sojourn of each queue that has consumers: measured, simulated, and simulated as written.

    A wait begins when the producer publishes and ends when the work begins; a sojourn ends with the work. The
    workers of the judged simulation are as fast as the real ones were: a process that sleeps is woken late.

    Args:
        scenario: as it was written.
        fitted: with the latency and costs that were found.
        played: what came of the real run.
        length: how long producers sent, in seconds.
    """
    warm = scenario.warmup if isinstance(scenario.warmup, float | int) else 0.0
    real: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for each in played.handled:
        if each.created >= warm:
            real[each.queue].append((each.started - each.published, each.finished - each.published))
    judged = _simulated(_as_fast(fitted, played), length, warm)
    plain_ = _simulated(scenario, length, warm)
    found = []
    for queue in dict.fromkeys(spec.queue for spec in scenario.consumers.values() if spec.count):
        for k, what in enumerate(("wait", "sojourn")):
            measured = np.array([times[k] for times in real[queue]])
            for p in PERCENTILES:
                values = [_percentile(v, p) for v in (measured, judged[queue][k], plain_[queue][k])]
                found.append(Compared(queue, what, p, *values))
    return found


def _percentile(values: Floats, percentile: int) -> float:
    return float(np.percentile(values, percentile)) if values.size else math.nan


def _as_fast(scenario: Scenario, played: Played) -> Scenario:
    """The scenario with workers that take as long for their work as the real ones did."""
    asked: dict[str, float] = defaultdict(float)
    took: dict[str, float] = defaultdict(float)
    for each in played.handled:
        group = each.worker.rpartition("-")[0]
        asked[group] += each.asked
        took[group] += each.finished - each.started
    changes: dict[str, Any] = {}
    for group, spec in scenario.consumers.items():
        if took[group] > 0.0 and asked[group] > 0.0:
            ratio = asked[group] / took[group]
            speed = spec.speed
            given = speed * ratio if isinstance(speed, int | float) else [each * ratio for each in speed]
            changes[f"consumers.{group}.speed"] = given
    return scenario.with_(changes) if changes else scenario


def _simulated(scenario: Scenario, length: float, warm: float) -> Mapping[str, tuple[Floats, Floats]]:
    """Waits and sojourns by queue: what is created within the length, worked on to its end."""
    stops = {
        f"producers.{name}.stop": min(length, spec.stop or math.inf)
        for name, spec in scenario.producers.items()
    }
    ends = {"until": "drained", "duration": None, "max_duration": length + 3600.0, "warmup": 0}
    trace = simulate(scenario.with_(stops | ends)).trace
    code, created, published, started, finished = columns(
        trace.messages, "queue", "created", "published", "started", "finished"
    )
    found = {}
    for number, name in enumerate(trace.queues.names):
        mine = (code == number) & ~np.isnan(finished) & (created >= warm)
        found[name] = (started[mine] - published[mine], finished[mine] - published[mine])
    return defaultdict(lambda: (np.empty(0), np.empty(0)), found)


def _told(
    scenario: Scenario,
    fitted: Scenario,
    address: Address,
    load: Load,
    played: Played,
    compared: Sequence[Compared],
    command: str,
    code: str,
    out: str | os.PathLike[str] | None,
) -> Answer:
    says, met = _sentence(address, played, compared)
    rows = [
        {
            "queue": each.queue,
            "number": f"{each.what} p{each.percentile}",
            "measured": each.measured,
            "simulated": each.simulated,
            "off by": each.off,
            "agrees": each.agrees,
            "simulated as written": each.as_written,
        }
        for each in compared
    ]
    costs = fitted.broker.costs
    found = {
        "network.latency": fitted.network.latency,
        "broker.costs.publish": costs.publish.mean,
        "broker.costs.deliver": costs.deliver.mean,
        "broker.costs.sync": costs.sync.mean,
    }
    notes = list(_notes(scenario, load, played, found, out))
    data = {
        "sentence": says,
        "fitted": found,
        "messages": {"sent": played.sent, "worked on": len(played.handled)},
        "numbers": plain(rows),
        "repeat": {"command": command, "code": code},
    }
    queues = list(dict.fromkeys(each.queue for each in compared))
    drawing = Drawing(
        "number",
        ("measured", "simulated", "simulated as written"),
        f"Measured and simulated{'' if len(queues) > 1 else f', queue {queues[0]}'}",
        "simulated: with the fitted latency and costs; as written: with the scenario's own.",
        "s",
    )
    return Answer(
        f"Does {scenario.name} on a real RabbitMQ take as long as in the simulation?",
        says,
        "met" if met else "not met",
        tuple(notes),
        code,
        command,
        data,
        rows,
        fitted,
        drawing if len(queues) == 1 else None,
    )


def _sentence(address: Address, played: Played, compared: Sequence[Compared]) -> tuple[str, bool]:
    where = f"on RabbitMQ at {address.shown}"
    lost = played.sent - len({each.message for each in played.handled})
    known = [each for each in compared if not math.isnan(each.measured) and not math.isnan(each.simulated)]
    if not known:
        return f"Nothing can be compared: no message was worked on {where}.", False
    bad = sorted((each for each in known if not each.agrees), key=lambda each: -abs(each.off))
    missing = f" {amount(lost)} of {amount(played.sent)} messages were never worked on." if lost else ""
    if not bad:
        worst = max(known, key=lambda each: abs(each.simulated - each.measured))
        return (
            f"Simulated and measured agree within {percent(WITHIN)} or {seconds(CLOCK)} {where}: all "
            f"{amount(len(known))} percentiles; the largest difference is {_off(worst)}.{missing}"
        ), True
    return (
        f"Simulated and measured differ by more than {percent(WITHIN)} {where}: {amount(len(bad))} of "
        f"{amount(len(known))} percentiles; the largest difference is {_off(bad[0])}.{missing}"
    ), False


def _off(each: Compared) -> str:
    more = "more" if each.off > 0 else "less"
    return (
        f"{each.words}, simulated {seconds(each.simulated)} and measured {seconds(each.measured)} "
        f"({percent(abs(each.off))} {more})"
    )


def _notes(
    scenario: Scenario,
    load: Load,
    played: Played,
    found: Mapping[str, float],
    out: str | os.PathLike[str] | None,
) -> Sequence[str]:
    told = [f"{path} = {seconds(value)}" for path, value in found.items() if value > 0.0]
    notes = [
        f"Fitted: {', '.join(told)}. They hold the time that Python and this machine take for a message."
    ]
    if out is not None:
        notes.append(f"The scenario with these values is in {out}.")
    late = float(np.mean([each.published - each.created for each in played.handled] or [0.0]))
    asked = sum(each.asked for each in played.handled)
    took = sum(each.finished - each.started for each in played.handled)
    longer = f", and work took {percent(took / asked - 1.0)} longer than it should" if asked > 0.0 else ""
    notes.append(
        f"{amount(played.sent)} messages by {amount(len(load.senders))} producers to "
        f"{amount(len(load.workers))} consumers, each a process here. Messages were sent {seconds(late)} "
        f"late on average{longer}: both are this machine's, and the simulation is given both."
    )
    notes.append(
        f"A difference of less than {seconds(CLOCK)} counts as none: no clock wakes a process better."
    )
    if len(played.handled) < _FEW:
        notes.append(
            f"Only {amount(len(played.handled))} messages: a p99 is the matter of a few. Play longer."
        )
    if any(spec.confirms and spec.confirms.window != 1 for spec in scenario.producers.values()):
        notes.append("Confirms are not waited for in the real run, but where their window is 1.")
    if played.left:
        notes.append(f"Could not be removed from RabbitMQ: {', '.join(played.left)}.")
    try:
        notes.append(f"PerfTest for the same load: {perf_test_command(scenario)}")
    except NoPerfTestError as error:
        notes.append(str(error))
    return notes
