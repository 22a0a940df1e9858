"""How long until a backlog is gone, or how many workers make it go in time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.distributions import Constant, Exponential
from mqsim.errors import UsageError
from mqsim.matching import Load, applies, loads
from mqsim.metrics import depth_series, time_average
from mqsim.metrics.series import held_series
from mqsim.planning.answer import Answer, costs_nothing, plain
from mqsim.planning.closed_form import says_overloaded
from mqsim.planning.figures import Drawing
from mqsim.planning.knobs import Knob, knob
from mqsim.planning.processors import Processors
from mqsim.planning.size_search import words
from mqsim.planning.study import Budget, Progress
from mqsim.planning.subject import Source, Subject, Texts, many, subject
from mqsim.planning.targets import worked
from mqsim.planning.units import amount, interval, positive, seconds
from mqsim.runs import simulate
from mqsim.statistics.sections import Estimate, mean_of_sections
from mqsim.theory import drain_time, drain_time_constant

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from mqsim.planning.judge import State
    from mqsim.runs.engines import Engine
    from mqsim.scenario import Scenario

RUNS = 10
_LONGER = 1.5


def drain(
    *,
    backlog: str | int,
    scenario: Source | None = None,
    queue: str | None = None,
    within: str | None = None,
    vary: Texts = (),
    seed: int | None = None,
    budget: float = 4e6,
    jobs: int | None = None,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    **flags: Any,
) -> Answer:
    """How long until none of a backlog waits any more, while messages go on coming.

    A message waits in the queue, and also with a consumer that has received it and not begun it. The backlog
    is gone when none is left in the queue and consumers hold no more than they do without a backlog.

    Args:
        backlog: messages that wait at the start, such as `"100k"`.
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        queue: which queue holds it; by default the only one with consumers.
        within: a time, such as `"10min"`: the answer is then the smallest value of what varies that drains
            the backlog in time.
        vary: what may be turned, such as `"consumers.packer.count=1..40"`; or give `workers` as a range.
        seed: of all random numbers.
        budget: messages that may be simulated in all; a longer drain is told by its mean rates.
        jobs: processes.
        dask: the address of a Dask scheduler on which to run, such as `"tcp://10.0.0.5:8786"`.
        resume: a file (JSON lines) that keeps finished runs; what it holds already isn't run again.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the messages simulated so far and those of the budget.
        flags: without a scenario: `rate` (0 for none), `work`, `workers` and so on.

    Raises:
        UsageError: a text can't be read.
        ScenarioError: the scenario can't be run.

    Example:
        >>> answer = drain(backlog=10, rate="0/s", work="0.5s", workers=1)
        >>> print(answer.sentence)
        10 messages in queue tasks are gone after 4.5 s on average ...
    """
    if flags.get("rate") in ("0", "0/s", 0):
        flags = flags | {"rate": "1e-9/s"}
    asked = subject(scenario, seed, flags)
    waiting = int(positive(str(backlog), "count", "--backlog"))
    knobs = (*asked.knobs, *(knob(text) for text in many(vary)))
    if len(knobs) > 1:
        raise UsageError("drain: one thing may vary at a time; give a single range.")
    limit = None if within is None else positive(within, "time", "--within")
    name = _queue(asked.scenario, queue)
    spent = Budget(budget, on=Processors.of(jobs, dask, resume, engine), tell=progress)
    settings = [{knobs[0].path: value} for value in knobs[0].values] if knobs else [{}]
    rows: list[dict[str, Any]] = []
    for setting in settings:
        made = asked.scenario.with_(setting) if setting else asked.scenario
        try:
            rows.append(setting | _one(made, name, waiting, made.seed, spent))
        except KeyboardInterrupt:
            if not rows:
                raise
            spent.stopped = True
        if spent.stopped or (limit is not None and rows[-1]["seconds high"] <= limit):
            break
    state, says = _said(rows, knobs, limit, waiting, name)
    options = {"backlog": (str(backlog),), "queue": many(queue), "within": many(within), "vary": many(vary)}
    numbers = {"budget": budget}
    command, code = asked.command("drain", options, {}, numbers), asked.code("drain", options, {}, numbers)
    data = {"sentence": says, "state": state, "settings": plain(rows)}
    return Answer(
        f"How long until {amount(waiting)} messages are gone?",
        says,
        "unsure" if spent.stopped else state,
        _notes(asked, rows, spent),
        code,
        command,
        data | {"repeat": {"command": command, "code": code}},
        rows,
        asked.scenario,
        _drawing(knobs, limit),
    )


def _drawing(knobs: Sequence[Knob], limit: float | None) -> Drawing | None:
    if not knobs:
        return None
    return Drawing(knobs[0].path, ("seconds",), "Time until the backlog is gone", "", "s", limit)


def _queue(scenario: Scenario, named: str | None) -> str:
    queues = worked(scenario)
    if named is not None and named in scenario.broker.queues:
        return named
    if named is not None or len(queues) != 1:
        raise UsageError(
            f"--queue: say which queue holds the backlog: {', '.join(queues) or 'none has consumers'}."
        )
    return queues[0]


def _one(scenario: Scenario, queue: str, backlog: int, seed: int, budget: Budget) -> dict[str, Any]:
    """The time for one setting, and how it is known."""
    load = next((each for each in loads(scenario) if each.part == "queue" and each.name == queue), None)
    if load is not None and load.over:
        return _row(math.inf, math.inf, math.inf, "never", says_overloaded(load))
    exact = _exact(scenario, queue, backlog)
    if exact is not None:
        return _row(exact[0], exact[0], exact[0], f"exactly, by {exact[1]}", "")
    rough = math.nan if load is None else _rough(scenario, queue, backlog, load)
    messages = RUNS * (backlog + (0.0 if load is None else load.offered * rough * _LONGER))
    if messages > budget.left:
        because = "by mean rates alone: simulating it needs a larger --budget"
        return _row(rough, rough, rough, because, "")
    found = _simulated(scenario, queue, backlog, rough, seed, budget, messages)
    return _row(found.value, found.low, found.high, "simulated", "")


def _rough(scenario: Scenario, queue: str, backlog: int, load: Load) -> float:
    """The time by mean rates: of all workers together, or of the first one with what it is sent at once.

    A broker sends the first consumer as much as that may hold, before there are others.
    """
    groups = [spec for spec in scenario.consumers.values() if spec.queue == queue]
    first, workers = groups[0], sum(spec.count for spec in groups)
    limited = first.ack == "manual" and first.prefetch > 0
    held = min(backlog, first.prefetch) if limited else backlog
    return max(backlog, held * workers) / (load.capacity - load.offered)


def _row(value: float, low: float, high: float, how: str, because: str) -> dict[str, Any]:
    return {"seconds": value, "seconds low": low, "seconds high": high, "how": how, "because": because}


def _exact(scenario: Scenario, queue: str, backlog: int) -> tuple[float, str] | None:
    """The exact mean, where arrivals are Poisson and the work is exponential, or nothing comes."""
    match = applies(scenario).of(queue)
    groups = [scenario.consumers[name] for name in match.groups]
    if not match.model.startswith("M/") or match.values.get("loss") or scenario.faults or not groups:
        return None
    held = any(group.prefetch != 1 or group.ack != "manual" for group in groups)
    laws = {repr(spec.work.spec()): spec.work for spec in scenario.producers.values()}
    speeds = {group.speed if isinstance(group.speed, float) else tuple(group.speed) for group in groups}
    own = any(group.service is not None or group.fails is not None for group in groups)
    if (
        held
        or own
        or len(laws) != 1
        or len(speeds) != 1
        or scenario.network.latency
        or scenario.network.links
    ):
        return None
    law, speed = next(iter(laws.values())), next(iter(speeds))
    if isinstance(speed, tuple):
        return None
    servers = sum(group.count for group in groups)
    rate = match.values.get("throughput", 0.0)
    if isinstance(law, Exponential):
        idle = min(servers, backlog)
        return drain_time(backlog, speed / law.mean, servers, rate, idle), f"first passage in M/M/{servers}"
    if isinstance(law, Constant) and rate < 1e-6:
        rounds = drain_time_constant(backlog, speed / law.mean, servers)
        return max(rounds - law.mean / speed, 0.0), f"rounds of {servers}"
    return None


def _simulated(
    scenario: Scenario,
    queue: str,
    backlog: int,
    rough: float,
    seed: int,
    budget: Budget,
    expected: float,
) -> Estimate:
    """The mean time over runs, which have about `expected` messages in all; each is made longer until
    nothing waits.
    """
    filled = scenario.with_({f"broker.queues.{queue}.ready": backlog})
    longest = rough * _LONGER + 60.0 if math.isfinite(rough) else scenario.horizon
    usual = _usually_held(scenario, queue, seed, longest, budget) if math.isfinite(rough) else 0.0
    jobs = [(_gone, (filled, queue, seed, k, longest, usual, budget.on.engine)) for k in range(RUNS)]
    times = []
    try:
        for part in budget.portions(jobs, expected):
            for seconds_, messages in budget.on.carry_out(part, expected):
                times.append([seconds_])
                budget.spend(messages)
    except KeyboardInterrupt:
        if not times:
            raise
        budget.stopped = True
    return mean_of_sections(times)


def _usually_held(scenario: Scenario, queue: str, seed: int, longest: float, budget: Budget) -> float:
    """How many messages consumers hold on average without having begun them, where there is no backlog."""
    groups = [spec for spec in scenario.consumers.values() if spec.queue == queue]
    if all(spec.ack == "manual" and 0 < spec.prefetch <= spec.slots for spec in groups):
        return 0.0
    job = (_held, (scenario.with_({"duration": longest, "warmup": 0}), queue, seed, budget.on.engine))
    ((usual, messages),) = budget.on.carry_out([job], 1.0)
    budget.spend(messages)
    return usual


def _held(scenario: Scenario, queue: str, seed: int, engine: Engine) -> tuple[float, int]:
    """The mean number that consumers hold and have not begun, and the messages simulated."""
    trace = simulate(scenario, seed=seed, replication=RUNS, engine=engine).trace
    half = 0.5 * (trace.start + trace.end)
    found = time_average(held_series(trace, queue), half, trace.end)
    return (found[0] if found else 0.0), trace.messages.n


def _gone(
    scenario: Scenario,
    queue: str,
    seed: int,
    replication: int,
    longest: float,
    usual: float,
    engine: Engine,
) -> tuple[float, int]:
    """When first nothing is ready and consumers hold no more than `usual` that they have not begun, in
    seconds, and the messages simulated; infinite if it never comes.
    """
    for longer in (1.0, 4.0):
        made = scenario.with_({"duration": longest * longer, "warmup": 0})
        trace = simulate(made, seed=seed, replication=replication, engine=engine).trace
        times, depth = depth_series(trace, queue)
        at, held = held_series(trace, queue)
        both = np.union1d(times, at)
        ready = depth[np.searchsorted(times, both, side="right") - 1]
        begun = held[np.searchsorted(at, both, side="right") - 1] <= usual
        gone = both[(ready == 0) & begun & (both > 0.0)]
        if gone.size:
            return float(gone[0]), trace.messages.n
    return math.inf, trace.messages.n


def _said(
    rows: Sequence[dict[str, Any]], knobs: Sequence[Knob], limit: float | None, backlog: int, queue: str
) -> tuple[State, str]:
    last = rows[-1]
    much = f"{amount(backlog)} messages in queue {queue}"
    name = words({knobs[0].path: last[knobs[0].path]}) if knobs else ""
    if limit is None:
        return "not met" if math.isinf(last["seconds"]) else "met", _when(last, much, name)
    if last["seconds high"] <= limit:
        before = ""
        if len(rows) > 1:
            less = words({knobs[0].path: rows[-2][knobs[0].path]})
            before = f" With {less}: {_time(rows[-2])}."
        who = f"{name}: " if name else ""
        return "met", f"{who}{much} are gone after {_time(last)}, within {seconds(limit)}.{before}"
    state: State = "not met" if last["seconds low"] > limit else "unsure"
    can = "are not gone" if state == "not met" else "may not be gone"
    return state, f"{much} {can} within {seconds(limit)}{f' with {name}' if name else ''}: {_time(last)}."


def _when(row: dict[str, Any], much: str, name: str) -> str:
    with_ = f" with {name}" if name else ""
    if math.isinf(row["seconds"]):
        return f"{much} are never worked off{with_}: {row['because'] or 'no run came to an end'}."
    return f"{much} are gone after {_time(row)}{with_}."


def _time(row: dict[str, Any]) -> str:
    if math.isinf(row["seconds"]):
        return f"never ({row['because']})" if row["because"] else "never"
    if row["seconds low"] == row["seconds high"]:
        return f"{seconds(row['seconds'])} on average ({row['how']})"
    between = interval(row["seconds low"], row["seconds high"], "time")
    return f"{seconds(row['seconds'])} on average ({between})"


def _notes(asked: Subject, rows: Sequence[dict[str, Any]], budget: Budget) -> tuple[str, ...]:
    notes = [
        "A backlog counts as gone when for the first time no message waits in the queue, and consumers hold "
        "no more messages that they have not begun than they do without a backlog."
    ]
    notes += [budget.stop_note] if budget.stopped else []
    notes += [budget.over_note] if budget.over_note else []
    if any(row["how"] == "simulated" for row in rows):
        notes.append(f"Simulated {RUNS} runs a setting, {amount(budget.spent)} messages; ranges are 95 %.")
    if asked.assumed:
        notes.append(f"Assumed: {'; '.join(asked.assumed)}.")
    if free := costs_nothing(asked.scenario):
        notes.append(free)
    return tuple(notes)
