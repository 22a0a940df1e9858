"""`mqsim run`: from a file or preset to what is printed, written and saved."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mqsim.cli.progress import progress_bar
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.api import Result
    from mqsim.runs import Engine
    from mqsim.scenario import Scenario


@dataclass(frozen=True)
class RunRequest:
    """What the command line asked for; the fields are its options."""

    scenario: str | None
    seed: int | None
    changes: list[str]
    replications: int
    as_json: bool
    report: Path | None
    timeline: bool
    save: Path | None
    engine: str = "auto"


def run_scenario(request: RunRequest) -> None:
    """Carry out `mqsim run`.

    Raises:
        MqsimError: the request, the scenario or the run can't be.
    """
    from mqsim.cli import show
    from mqsim.runs import endless

    if request.scenario is None:
        show.presets()
        return
    _refuse_what_clashes(request)
    scenario = changed(load(request.scenario), request.changes)
    if says := endless(scenario):
        print(f"mind: {says}", file=sys.stderr)
    if request.replications > 1:
        _mind_compiling(request.engine)
        numbers = replicate(scenario, request.seed, request.replications, request.engine)
        show.json_object(numbers) if request.as_json else show.means(scenario, numbers)
        return
    _mind_compiling(request.engine)
    result = simulate(scenario, request.seed, engine=request.engine)
    written = write(request, result)
    if request.as_json:
        show.json_object(numbers_of(result))
    else:
        if request.timeline:
            show.timeline(result.trace)
        show.result(result)
    for line in written:
        print(line, file=sys.stderr)


def _mind_compiling(engine: str) -> None:
    """Say what takes so long, the first time that the twin is asked for."""
    from mqsim.twin.readiness import Readiness, readiness

    if engine == "compiled" and readiness() is Readiness.TO_COMPILE:
        print("mind: the twin is compiled now, once; that takes a minute or two.", file=sys.stderr)


def _refuse_what_clashes(request: RunRequest) -> None:
    """What can be told to be impossible before anything is run."""
    from mqsim.report import writable_target

    if request.replications > 1:
        single = {"--report": request.report, "--timeline": request.timeline, "--save": request.save}
        for option, given in single.items():
            if given:
                raise UsageError(f"{option} shows one run; leave it out, or leave --replications out.")
    if request.as_json and request.timeline:
        raise UsageError("--json prints nothing but JSON; leave it out, or leave --timeline out.")
    if request.report is not None:
        writable_target(request.report)


def load(name: str) -> Scenario:
    """The scenario in file `name`, or the preset of that name."""
    from mqsim.scenario import load as load_scenario

    return load_scenario(name)


def changed(scenario: Scenario, changes: list[str]) -> Scenario:
    """The scenario after each `PATH=VALUE`; values are read as YAML.

    Raises:
        UsageError: a change has no `=` or no path.
        ScenarioError: there is no such field, or it can't have that value.
    """
    if not changes:
        return scenario
    from mqsim.scenario import read_value

    values: dict[str, Any] = {}
    for change in changes:
        path, sign, text = change.partition("=")
        if not sign or not path.strip():
            raise UsageError(f"--set {change}: write PATH=VALUE, as in --set consumers.worker.count=3.")
        values[path.strip()] = read_value(text)
    return scenario.with_(values)


def simulate(scenario: Scenario, seed: int | None, replication: int = 0, engine: str = "auto") -> Result:
    """Run it once, with progress on a terminal when it takes longer than a second."""
    from mqsim.api import simulate as run_once

    with progress_bar("simulated", "s", delay=1.0) as tell:
        return run_once(scenario, seed, replication, tell, cast("Engine", engine))


def numbers_of(result: Result) -> dict[str, Any]:
    """What `--json` prints: the summary, the checks, the warnings and what was run."""
    checks = [
        {"name": one.name, "status": one.status.value, "sentence": one.sentence} for one in result.checks()
    ]
    return {
        "scenario": result.scenario.name,
        "seed": result.seed,
        **result.summary(),
        "checks": checks,
        "warnings": list(result.warnings),
    }


def replicate(
    scenario: Scenario, seed: int | None, replications: int, engine: str = "auto"
) -> dict[str, Any]:
    """Replications 0 to R-1 and, for each main figure, the mean and the half-width of its 95 % interval.

    A figure that some replications don't have, such as the wait in a queue that nobody used, is averaged over
    those that do; `runs` counts them. With fewer than two there is no half-width. `warnings` holds what most
    of the runs have to say, or else which interval is wide.
    """
    from mqsim.runs import simulate as run_once
    from mqsim.runs import wide

    samples: dict[str, list[float]] = {}
    told: dict[tuple[str, str], list[str]] = {}
    used = seed
    with progress_bar("replications", "runs") as tell:
        for replication in range(replications):
            result = run_once(scenario, seed, replication, engine=cast("Engine", engine))
            used = result.seed
            for name, value in main_figures(result.summary()).items():
                samples.setdefault(name, []).extend([] if value is None else [value])
            for warning in result.run_warnings:
                if warning.kind in ("overload", "growth", "short"):
                    told.setdefault((warning.kind, warning.about), []).append(warning.message)
            if tell is not None:
                tell(replication + 1, replications)
    figures = {name: _mean(values) for name, values in samples.items()}
    # What each run alone is too short for, the replications make up for; their intervals say whether.
    common = [says[0] for (kind, _), says in told.items() if kind != "short" and 2 * len(says) > replications]
    warnings = [*common, *(warning.message for warning in wide(figures) if not common)]
    return {
        "scenario": scenario.name,
        "seed": used,
        "replications": replications,
        "figures": figures,
        "warnings": warnings,
    }


def _mean(values: list[float]) -> dict[str, Any]:
    from mqsim.statistics import mean_interval

    if not values:
        return {"mean": None, "half_width": None, "runs": 0}
    interval = mean_interval(values)
    half_width = interval.half_width if interval.n > 1 else None
    return {"mean": interval.mean, "half_width": half_width, "runs": interval.n}


def main_figures(summary: dict[str, Any]) -> dict[str, float | None]:
    """The figures that replications are averaged over, by their path in the summary."""
    figures: dict[str, float | None] = {}
    for name, queue in summary["queues"].items():
        figures[f"queues.{name}.throughput"] = queue["throughput"]
        for key in ("wait", "sojourn"):
            for part in ("mean", "p95", "p99"):
                figures[f"queues.{name}.{key}.{part}"] = queue[key][part]
        figures[f"queues.{name}.depth.mean"] = queue["depth"]["mean"]
        figures[f"queues.{name}.lost"] = queue["lost"]
    for name, group in summary["groups"].items():
        figures[f"groups.{name}.utilisation"] = group["utilisation"]
    return figures


def write(request: RunRequest, result: Result) -> list[str]:
    """Write the files that were asked for; give a line about each.

    Raises:
        MqsimError: one can't be written.
    """
    lines = []
    if request.save is not None:
        from mqsim.trace.export import write_csv, write_jsonl

        save = write_jsonl if request.save.suffix == ".jsonl" else write_csv
        lines.append(f"Saved the tables: {save(result.trace, request.save)}")
    if request.report is not None:
        lines.append(f"Wrote the report: {result.report(request.report)}")
    return lines
