"""A scenario from a log: its arrivals and its work, replayed, spread, scaled or fitted; and a plan on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, command_line, costs_nothing
from mqsim.planning.figures import Drawing
from mqsim.planning.logfile import read
from mqsim.planning.logged import Named, logged, scenario_of
from mqsim.planning.size import size
from mqsim.planning.subject import USUAL, Texts, many
from mqsim.runs import surge_warnings

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from mqsim.planning.knobs import Knob
    from mqsim.scenario import Scenario


def from_log(
    file: str | os.PathLike[str],
    *,
    time: str | None = None,
    work: str | None = None,
    count: str | None = None,
    rate_column: str | None = None,
    every: str | None = None,
    unit: str = "auto",
    work_unit: str = "s",
    zone: str | None = None,
    form: str | None = None,
    how: str = "auto",
    scale: float = 1.0,
    sort: bool = False,
    work_mean: str | None = None,
    workers: str | int = 1,
    prefetch: str | int = 1,
    target: Texts = (),
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> Answer:
    """Read a log, say what it holds, make a scenario of it and, with a target, size that.

    Args:
        file: CSV, Parquet, JSON lines, or a log whose lines hold a time.
        time: the column of times; by default the one that has such a name.
        work: a column of durations, in `work_unit`.
        count: a column of counts: each row is an interval that begins at its time (or see `every`).
        rate_column: likewise of rates, per second.
        every: the length of an interval, such as `"1min"`, where there is no column of times.
        unit: of times that are numbers: s, ms, us, ns; by default found by their size.
        work_unit: of the durations: s, ms, us or ns.
        zone: of times that name none.
        form: of times, as `strptime` has it.
        how: `replay` each message at its time; `spread` those that share a step of the clock within it; `fit`
            a Poisson process of changing rate; `auto` spreads where the clock is coarse.
        scale: 2 is twice the rate.
        sort: put times in order instead of refusing.
        work_mean: the mean work of a message where no column has it, such as `"40ms"` (exponential).
        workers: how many, or a range.
        prefetch: of each.
        target: what must hold, as of `size`; then the answer is that of `size`.
        out: a file for the scenario, in YAML.
        seed: of all random numbers.
        options: further arguments of `size`.

    Raises:
        UsageError: the file can't be understood; the line is named.
    """
    path = Path(file)
    named = Named(time, work, count, rate_column, every, unit, work_unit, zone, form, sort, work_mean)
    if many(target) and work is None and work_mean is None:
        raise UsageError("--target: say how long a message takes: --work COLUMN, or --work-mean 40ms.")
    columns = read(path)
    found = logged(columns, named, how, scale, seed)
    notes = list(found.notes)
    scenario, knobs = scenario_of(path.stem, found.arrivals, found.work, workers, prefetch, found.span, seed)
    if out is not None:
        Path(out).write_text(scenario.to_yaml(), encoding="utf-8")
        notes.append(f"The scenario is in {out}.")
    others = {"how": how, "scale": scale, "workers": str(workers), "prefetch": str(prefetch), "seed": seed}
    others |= {"budget": options.get("budget", USUAL["budget"])}
    command, code = again("from-log", path, named, others, many(target))
    if many(target):
        return _sized(scenario, knobs, many(target), found.says, notes, command, code, seed, options)
    notes += [f"Warning: {each.message}" for each in surge_warnings(scenario)]
    if free := costs_nothing(scenario):
        notes.append(free)
    data = {
        "sentence": f"{found.says}.",
        "messages": len(columns.lines),
        "fit": None if found.fitted is None else found.fitted.words(),
    }
    return Answer(
        f"What does {path.name} hold?",
        f"{found.says}.",
        "met",
        tuple(notes),
        code,
        command,
        data | {"repeat": {"command": command, "code": code}},
        found.rows,
        scenario,
        Drawing(
            "seconds", ("messages a second",), f"Messages a second in {path.name}", unit="1/s", steps=True
        ),
    )


def _sized(
    scenario: Scenario,
    knobs: tuple[Knob, ...],
    targets: tuple[str, ...],
    says: str,
    notes: list[str],
    command: str,
    code: str,
    seed: int,
    options: dict[str, Any],
) -> Answer:
    if not knobs:
        raise UsageError("--workers: with a target give a range, such as 1..40.")
    vary = [f"{knob.path}={','.join(map(str, knob.values))}" for knob in knobs]
    answer = size(scenario=scenario, vary=vary, target=targets, seed=seed, **options)
    data = dict(answer.data) | {"log": f"{says}.", "repeat": {"command": command, "code": code}}
    return replace(answer, notes=(f"{says}.", *notes, *answer.notes), command=command, code=code, data=data)


_USUAL = {"how": "auto", "scale": 1.0, "workers": "1", "prefetch": "1", "seed": 0, "share": "50%"} | USUAL


def again(
    verb: str, path: Path, named: Named, others: Mapping[str, Any], targets: Sequence[str]
) -> tuple[str, str]:
    """The command and the code that ask the same of a log."""
    given = named.options() | {name: value for name, value in others.items() if value != _USUAL[name]}
    words = [verb, str(path)]
    for name, value in given.items():
        option = f"--{'format' if name == 'form' else name.replace('_', '-')}"
        shown = f"{value:.15g}" if isinstance(value, float) else str(value)
        words += [option] if value is True else [option, shown]
    for text in targets:
        words += ["--target", text]
    said = [f"{name}={value!r}" for name, value in given.items()]
    said += [f"target={list(targets)!r}"] if targets else []
    inside = ", ".join([repr(str(path)), *said])
    return command_line(words), f"mq.planning.{verb.replace('-', '_')}({inside})"
