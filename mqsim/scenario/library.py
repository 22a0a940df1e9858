"""Ready-made scenarios, and finding one by name or path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from mqsim.scenario.problems import did_you_mean, one_of, refusal
from mqsim.scenario.scenario import Scenario

_ORDER = (
    "hello",
    "task-queue",
    "fair-dispatch",
    "worker-crash",
    "broker-restart",
    "poison",
    "burst",
    "retry-storm",
    "pipeline",
    "pub-sub",
    "unequal-workers",
    "quorum-failover",
    "rolling-restart",
    "poison-quorum",
)


def presets() -> dict[str, str]:
    """The presets in the order in which to meet them: name to title, the first line of each file.

    Example:
        >>> import mqsim as mq
        >>> "worker-crash" in mq.presets()
        True
    """
    return {name: preset_text(name).splitlines()[0].removeprefix("# ") for name in _ORDER}


def preset_text(name: str) -> str:
    """A preset's YAML with its comments, as a start for a scenario of one's own.

    Raises:
        ScenarioError: there is no such preset.
    """
    if name not in _ORDER:
        raise refusal(name, name, f"a preset: {one_of(_ORDER)}", did_you_mean(name, _ORDER))
    return files("mqsim.scenario").joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")


def scenario_from(scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str]) -> Scenario:
    """A Scenario from whatever names one: itself, plain data, a file's path, a preset's name.

    Raises:
        ScenarioError: it can't be understood.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return Scenario(**scenario)
    return load(str(Path(scenario)) if isinstance(scenario, os.PathLike) else scenario)


def load(name_or_path: str | Path) -> Scenario:
    """A preset by its name, or a scenario from a file.

    Raises:
        ScenarioError: there is neither, or the file holds no scenario that can be run.

    Example:
        >>> import mqsim as mq
        >>> scenario = mq.load("worker-crash")
        >>> scenario.name
        'worker-crash'
    """
    if isinstance(name_or_path, str) and name_or_path in _ORDER:
        return Scenario.from_yaml(preset_text(name_or_path))
    path = Path(name_or_path)
    if not path.exists():
        hint = did_you_mean(name_or_path, _ORDER)
        allowed = f"an existing file, or a preset: {one_of(_ORDER)}"
        raise refusal(str(name_or_path), path.name, allowed, hint, says="there is no such file or preset")
    return Scenario.from_yaml(path)
