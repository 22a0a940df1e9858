"""How many, how large: a search told in sentences.

Theory brackets the answer: what is overloaded or takes too long by its work alone is never run, and where a
formula fits exactly it decides by itself. Otherwise simulation decides, at 99 % confidence.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mqsim.errors import ScenarioError, UsageError
from mqsim.planning.answer import Answer, costs_nothing
from mqsim.planning.figures import Drawing
from mqsim.planning.judge import Judged, Rules, Verdict, missing
from mqsim.planning.knobs import Knob, cost, knob
from mqsim.planning.length import length_of
from mqsim.planning.processors import Processors
from mqsim.planning.size_search import Search, Sized, settle, words
from mqsim.planning.study import Budget, Progress
from mqsim.planning.subject import Source, Texts, many, subject
from mqsim.planning.targets import target as read_target
from mqsim.planning.units import amount, percent, seconds, shown
from mqsim.runs import surge_warnings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from mqsim.planning.targets import Target
    from mqsim.scenario import Scenario


def size(
    *,
    target: Texts,
    scenario: Source | None = None,
    vary: Texts = (),
    cost_of: Texts = (),
    seed: int | None = None,
    highest: bool = False,
    simulate: bool = False,
    as_written: bool = False,
    precision: float = 0.0,
    budget: float = 4e6,
    jobs: int | None = None,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    **flags: Any,
) -> Answer:
    """The smallest value of one knob, or the cheapest setting of several, that meets every target.

    Args:
        target: what must hold, such as `"p99 < 1s"`; see `mqsim.planning.targets`. One text or several.
        scenario: a file, a preset, a Scenario or plain data; or else flags.
        vary: what may be turned, such as `"consumers.packer.count=1..40"`; one text or several.
        cost_of: what several knobs cost, such as `"consumers.packer.count*1 + consumers.packer.speed*0.5"`;
            by default 1 for each unit.
        seed: of all random numbers; by default the scenario's.
        highest: find the highest value instead, of one knob of which more is worse, such as a rate.
        simulate: simulate also where theory is exact.
        as_written: keep the scenario's own duration instead of asking about its steady state.
        precision: the half-width, as a share of the value, down to which intervals are narrowed; 0: only
            until the question is decided.
        budget: messages that may be simulated in all; the search always ends.
        jobs: processes; by default one for each processor.
        dask: the address of a Dask scheduler on which to run, such as `"tcp://10.0.0.5:8786"`.
        resume: a file (JSON lines) that keeps finished runs; what it holds already isn't run again.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the messages simulated so far and those of the budget.
        flags: without a scenario: `rate`, `work`, `workers` and so on, as of `mqsim.planning.workload`; a
            range is a knob.

    Raises:
        UsageError: a text can't be read, or there is nothing to vary.
        ScenarioError: the scenario can't be run, or has no such field.

    Example:
        >>> answer = size(
        ...     target="wait.mean < 0.1s", rate="10/s", work="1s", workers="11..20"
        ... )
        >>> print(answer.sentence)
        13 workers are enough: ...
    """
    asked = subject(scenario, seed, flags)
    knobs = (*asked.knobs, *(knob(text) for text in many(vary)))
    texts = many(target)
    if not texts:
        raise UsageError("--target: say what must hold, such as --target 'p99 < 1s'.")
    if not knobs:
        raise UsageError(
            "--vary: say what may change, such as --workers 1..40 or --vary consumers.worker.count=1..40."
        )
    twice = [one.path for i, one in enumerate(knobs) if one.path in [other.path for other in knobs[:i]]]
    if twice:
        raise UsageError(f"--vary: {twice[0]} is varied twice; give its values once.")
    if not budget > 0:
        raise UsageError(f"--budget: {budget:g} is not allowed; it is a number of messages above 0.")
    if highest and (len(knobs) > 1 or not knobs[0].numeric):
        raise UsageError("--highest: it is for one knob whose values are numbers, such as a rate.")
    knobs, cannot = _possible(asked.scenario, knobs, highest)
    first = asked.scenario.with_({each.path: each.values[0] for each in knobs})
    targets = tuple(read_target(text, first) for text in texts)
    _have_a_value(first, targets, as_written)
    rules = Rules(targets, first.seed, simulate, as_written, precision)
    purse = Budget(budget, on=Processors.of(jobs, dask, resume, engine), tell=progress)
    search = Search(asked.scenario, knobs, rules, purse)
    priced = cost(many(cost_of), knobs)
    sized = settle(search, priced)
    options = {"vary": many(vary), "target": texts, "cost": many(cost_of)}
    switches = {"highest": highest, "simulate": simulate, "as-written": as_written}
    numbers = {"budget": budget, "precision": precision}
    command = asked.command("size", options, switches, numbers)
    named = {"vary": many(vary), "target": texts, "cost_of": many(cost_of)}
    code = asked.code("size", named, switches, numbers)
    question = f"Which {' and '.join(each.path for each in knobs)} meets {' and '.join(texts)}?"
    answer = told(sized, question, command, code, asked.assumed)
    return replace(answer, notes=(*cannot, *answer.notes)) if cannot else answer


def _have_a_value(scenario: Scenario, targets: Sequence[Target], as_written: bool) -> None:
    """Refuse a largest time of the steady state, which has none.

    Raises:
        UsageError: a target asks for one.
    """
    for each in targets:
        if each.measure.kind == "time" and each.measure.statistic == "max":
            if not length_of(scenario, targets, as_written).steady:
                continue
            within = seconds(each.limit).replace(" ", "")
            raise UsageError(
                f"target {each.text!r}: in the steady state a maximum has no value, as it grows with the "
                f"length of the run; ask for a percentile (p99.9 {each.op} {within}) or a share (share "
                f"within {within} >= 99.9%), or add --as-written for the maximum of a run of its duration."
            )


def _possible(
    scenario: Scenario, knobs: tuple[Knob, ...], falling: bool
) -> tuple[tuple[Knob, ...], list[str]]:
    """The knobs without the first values that the scenario can't have, and what is left out and why.

    A fault may name packer-2: then one packer is too few for it.

    Args:
        scenario: what is asked about.
        knobs: in rising order.
        falling: the highest value is asked for, so the knob comes back reversed.

    Raises:
        ScenarioError: no value can be had, or there is no such field.
    """
    highest = {each.path: each.values[-1] for each in knobs}
    scenario.with_(highest)
    found, told_ = [], []
    for each in knobs:
        start, why = 0, ""
        while True:
            try:
                scenario.with_(highest | {each.path: each.values[start]})
                break
            except ScenarioError as error:
                start, why = start + 1, str(error)
        kept = replace(each, values=each.values[start:])
        found.append(kept.reversed() if falling else kept)
        if start:
            told_.append(f"{words({each.path: each.values[start - 1]})} or less can't be: {why}")
    return tuple(found), told_


def sentence(sized: Sized) -> str:
    """The answer in a sentence or two."""
    best, knobs = sized.best, sized.search.knobs
    if best is None:
        return _none(sized)
    enough = words(best.setting)
    verb = "is" if enough.startswith("1 ") or " = " in enough else "are"
    does = f"{verb} the highest that will do" if knobs[0].falling else f"{verb} enough"
    says = f"{enough} {does}: {_told(best.verdicts)}."
    if len(knobs) > 1:
        says = f"{says[:-1]}; it costs {amount(sized.cost.of(best.setting))}."
    below = sized.below
    if below is None:
        return (
            f"{says} It is the {'highest' if knobs[0].falling else 'smallest'} value that was allowed."
            if len(knobs) == 1
            else says
        )
    return f"{says} {_too_few(below)}"


def _told(verdicts: Sequence[Verdict]) -> str:
    parts = []
    for each in verdicts:
        theory = f", {each.theory.words}" if each.theory is not None and each.exact else ""
        parts.append(f"{each.target.measure.words} is {each.words} ({_asked(each)}){theory}")
    return ", and ".join(parts)


def _asked(verdict: Verdict) -> str:
    target = verdict.target
    return f"target {target.op} {shown(target.limit, target.measure.dimension)}"


def _too_few(below: Judged) -> str:
    name = words(below.setting)
    worst = below.worst
    if below.unstable:
        return f"With {name} the queue is unstable: {below.unstable}."
    if below.impossible:
        return f"{name} can't: {below.impossible}."
    if below.state == "unsure" and math.isnan(worst.value):
        return f"Whether {name} would do can't be told, because {worst.because or 'it was not run'}."
    if below.state == "unsure":
        return (
            f"Whether {name} would do can't be told: {worst.target.measure.words} is {worst.words}"
            f"{f' ({worst.because})' if worst.because else ''}."
        )
    off = missing(worst)
    why = f" ({worst.because})" if worst.because else ""
    return f"With {name} it is {worst.words}, which misses the target{f' {off}' if off else ''}{why}."


def _none(sized: Sized) -> str:
    judged = list(sized.search.judged.values())
    knobs = sized.search.knobs
    last = max(judged, key=lambda each: _telling(each, sized.cost.of(each.setting)))
    values_ = " and ".join(_range_words(knob) for knob in knobs)
    if all(each.impossible or each.unstable for each in judged) and any(each.impossible for each in judged):
        alone = next(each for each in judged if each.impossible)
        return f"No value of {values_} can meet {alone.worst.target.text}: {alone.impossible}."
    if sized.untried and last.state != "unsure":
        count = len(judged)
        return f"None of the {count} values of {values_} that were tried meets the targets. {_too_few(last)}"
    if sized.state == "unsure":
        worst = last.worst
        if math.isnan(worst.value):
            return f"It can't be told whether {words(last.setting)} would do: {worst.words}."
        return (
            f"It can't be told whether {words(last.setting)} would do: "
            f"{worst.target.measure.words} is {worst.words}"
            f"{f' ({worst.because})' if worst.because else ''}, and the target is {worst.target.text}."
        )
    return f"No value of {values_} meets the targets. {_too_few(last)}"


def _telling(judged: Judged, price: float) -> tuple[bool, bool, bool, float]:
    """Which setting says most where none was found: one that can't be told, of which something is known."""
    return judged.state == "unsure", not math.isnan(judged.worst.value), not judged.unstable, price


def _range_words(knob: Knob) -> str:
    first, last = knob.values[0], knob.values[-1]
    span = f"{first} to {last}" if knob.numeric and len(knob.values) > 2 else ", ".join(map(str, knob.values))
    return f"{knob.path} ({span})"


def rows(sized: Sized) -> Iterator[dict[str, Any]]:
    """The settings that were judged, as a table."""
    order = sorted(sized.search.judged)
    for at in order:
        each = sized.search.judged[at]
        row: dict[str, Any] = dict(each.setting)
        if len(sized.search.knobs) > 1:
            row["cost"] = sized.cost.of(each.setting)
        for verdict in each.verdicts:
            name = verdict.target.text
            row |= {name: verdict.value, f"{name} low": verdict.low, f"{name} high": verdict.high}
            if verdict.theory is not None:
                row[f"{name} theory"] = verdict.theory.value
        row["verdict"] = each.state
        row["because"] = each.unstable or each.impossible or each.worst.because
        yield row


def notes(sized: Sized, assumed: Sequence[str]) -> Iterator[str]:
    """What a reader of the answer should know."""
    best, search = sized.best, sized.search
    if len(search.knobs) == 1 and (unstable := _unstable(search)):
        first, last = unstable[0], words({search.knobs[0].path: unstable[-1]})
        yield f"Unstable, so never tried: {f'{first} to ' if first != unstable[-1] else ''}{last}."
    yield from _not_tried(sized)
    shown_ = best or next((e for e in search.judged.values() if not e.by_theory), None)
    if shown_ is not None:
        yield from _how(sized, shown_)
    if best is not None:
        for surge in surge_warnings(search.scenario.with_(dict(best.setting))):
            yield surge.message
    if assumed:
        yield f"Assumed: {'; '.join(assumed)}."
    if free := costs_nothing(search.scenario):
        yield free
    if search.budget.over_note:
        yield search.budget.over_note
    if search.budget.stopped:
        yield search.budget.stop_note
    elif sized.state == "unsure":
        yield "A larger --budget, in messages, would tell more."


def _not_tried(sized: Sized) -> Iterator[str]:
    """What the search took for granted."""
    search = sized.search
    if len(search.knobs) > 1 or len(search.judged) == len(search.knobs[0].values):
        return
    path, best = search.knobs[0].path, sized.best
    if sized.untried:
        tried = ", ".join(str(search.knobs[0].values[i]) for (i,) in sorted(search.judged))
        yield (
            f"More {path} may be better or worse, so values were tried here and there: {tried}. Name a "
            "shorter range to try them all."
        )
    elif best is not None and not best.by_theory and not search.knobs[0].falling:
        yield f"It is taken for granted that more {path} is never worse; not every value was tried."


def _unstable(search: Search) -> list[Any]:
    """The values at which the queue would grow for ever."""
    knob_ = search.knobs[0]
    found = [at[0] for at, each in search.judged.items() if each.unstable]
    stable = [at[0] for at, each in search.judged.items() if not each.unstable]
    if knob_.rising and found and (0 in found or not knob_.falling) and min([math.inf, *stable]) > max(found):
        return list(knob_.values[: max(found) + 1])  # whatever comes before is unstable too
    return [knob_.values[i] for i in sorted(found)]


def _how(sized: Sized, judged: Judged) -> Iterator[str]:
    search = sized.search
    for verdict in judged.verdicts:
        if verdict.theory is not None and not verdict.exact:
            said = shown(verdict.theory.value, verdict.target.measure.dimension)
            yield f"Theory says {said} for {verdict.target.measure.words}, {verdict.theory.words}."
    if judged.by_theory:
        yield "Theory alone decided: in the steady state, nothing was simulated (--simulate would)."
        return
    # Of a setting that was run: one that was never run because it is overloaded has no steady state.
    run = search.scenario.with_(dict(judged.setting))
    length = length_of(run, search.rules.targets, search.rules.as_written)
    how = (
        "in the steady state, whatever the scenario's duration"
        if length.steady
        else f"as it is written, because {length.because}"
    )
    yield (
        f"Simulated {how}: {amount(search.budget.spent)} messages in all; intervals are 95 %, decisions 99 %."
    )
    if search.rules.relative:
        what = "reached" if judged.reached <= search.rules.relative else "not reached"
        asked = percent(search.rules.relative)
        yield f"Intervals of at most ± {asked}: {what} (± {percent(judged.reached)})."


def as_json(sized: Sized) -> dict[str, Any]:
    """What `plan size --json` prints, without the ways to repeat it."""
    best, below = sized.best, sized.below
    last = best or (
        max(sized.search.judged.values(), key=lambda e: sized.cost.of(e.setting))
        if sized.search.judged
        else None
    )
    one = len(sized.search.knobs) == 1

    def value(judged: Judged) -> Any:
        return next(iter(judged.setting.values())) if one else dict(judged.setting)

    told = None if last is None else [each.as_json() for each in last.verdicts]
    theory = None
    if last is not None:
        known_ = [v.theory for v in last.verdicts if v.theory is not None]
        theory = [{"value": k.value, "exact": k.exact, "model": k.model} for k in known_] or None
    return {
        "value": None if best is None else value(best),
        "met": best is not None,
        "state": sized.state,
        "targets": told,
        "below": None
        if below is None
        else {
            "value": value(below),
            "targets": [v.as_json() for v in below.verdicts],
            "unstable": below.unstable or None,
        },
        "unstable": [value(each) for each in sized.search.judged.values() if each.unstable],
        "theory": theory,
        "messages": sized.search.budget.spent,
    }


def told(sized: Sized, question: str, command: str, code: str, assumed: Sequence[str]) -> Answer:
    """The whole answer."""
    says = sentence(sized)
    data = as_json(sized) | {"sentence": says, "repeat": {"command": command, "code": code}}
    first = sized.search.rules.targets[0]
    drawing = None
    if len(sized.search.knobs) == 1 and sized.search.knobs[0].numeric:
        path = sized.search.knobs[0].path
        drawing = Drawing(
            path,
            (first.text,),
            first.measure.title,
            "Bars are 95 % intervals; the line is the target. Settings that are unstable have no mark.",
            {"time": "s", "rate": "1/s", "share": "", "count": ""}[first.measure.dimension],
            first.limit,
        )
    return Answer(
        question,
        says,
        sized.state,
        tuple(notes(sized, assumed)),
        code,
        command,
        data,
        list(rows(sized)),
        sized.search.scenario,
        drawing,
    )
