"""Hidden checks and hidden settings: from a folder that students never see.

    DIR/course.key                          any secret text
    DIR/04_survive_worker_crash/hidden.py   `hide(exercise, draw)` adds checks (optional); the folder may be
                                            called survive_worker_crash as well

All that is drawn depends on the key and the exercise's name alone: not on the submission, not on the time.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import random
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.grading.files import files_in
from mqsim.grading.scenes import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mqsim.grading.exercise import Check, Exercise
    from mqsim.grading.scenes import Scene


def seed_of(private: Path | None, exercise: str) -> int:
    """The number that hidden runs of an exercise depend on; 0 without a private folder.

    Raises:
        UsageError: the folder has no key.
    """
    if private is None:
        return 0
    file = private / "course.key"
    if not file.is_file() or not file.read_bytes().strip():
        raise UsageError(f"{file}: there is no course key. Write any secret text into it, and keep it.")
    digest = hmac.new(file.read_bytes().strip(), exercise.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8])


def folder_of(private: Path, exercise: str) -> Path | None:
    """The folder of an exercise's hidden checks, which has its name with or without the number; None: there
    is none.

    Raises:
        UsageError: both are there, so one of them would be ignored.
    """
    names = dict.fromkeys([exercise, re.sub(r"^\d\d_", "", exercise)])
    found = [private / name for name in names if (private / name / "hidden.py").is_file()]
    if len(found) > 1:
        raise UsageError(f"{found[0]} and {found[1]} both have a hidden.py. Keep one of them.")
    return found[0] if found else None


def private_files(private: Path, exercise: str) -> Iterator[dict[str, bytes]]:
    """All files of a private folder on which verdicts on an exercise depend."""
    yield {name: data for name, data in files_in(private).items() if "/" not in name}
    if (folder := folder_of(private, exercise)) is not None:
        yield files_in(folder)


def refuse_an_idle_folder(exercise: Exercise, private: Path) -> None:
    """Refuse a private folder that changes nothing in an exercise: its hidden checks were meant to count.

    Raises:
        UsageError: it has no hidden checks of the exercise, which draws nothing from the course key either.
    """
    draws = exercise.varies is not None or any(
        scene.reads_files for check in exercise.checks for scene in check.scenes
    )
    if folder_of(private, exercise.name) is None and not draws:
        others = sorted(f"{each.parent.name}/hidden.py" for each in private.glob("*/hidden.py"))
        file = private / exercise.name / "hidden.py"
        raise UsageError(
            f"{private} holds nothing for {exercise.name}: there is no {file}. "
            f"It has {', '.join(others) or 'no hidden.py at all'}. Write that file, or leave out --private."
        )


def hide(exercise: Exercise, private: Path | None) -> None:
    """Add the hidden checks and settings to an exercise.

    Raises:
        UsageError: the private folder has no key, or its file fails.
    """
    if private is None:
        return
    seed = seed_of(private, exercise.name)
    _vary(exercise, random.Random(seed))
    folder = folder_of(private, exercise.name)
    if folder is None:
        return
    file = folder / "hidden.py"
    public = len(exercise.checks)
    spec = importlib.util.spec_from_file_location("mqsim_hidden_checks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
        module.hide(exercise, random.Random(seed + 1))
    except Exception as error:
        raise UsageError(f"{file} fails: {type(error).__name__}: {error}.") from error
    finally:
        sys.dont_write_bytecode = before
    exercise.checks[public:] = [_labelled(check) for check in exercise.checks[public:]]


def _labelled(check: Check) -> Check:
    """A check of the hidden file: nothing of its runs is shown but a category."""
    label = check.hidden or "further checks"
    scenes = tuple(
        scene if scene.reads_files else changed(scene, category=scene.setting.category or label)
        for scene in check.scenes
    )
    return replace(check, hidden=label, scenes=scenes)


def _vary(exercise: Exercise, draw: random.Random) -> None:
    """Have every check look at its scenes in the exercise's own variations too."""
    if exercise.varies is None:
        return
    settings = []
    for given in exercise.varies(draw):
        setting = {"category": "other settings", **given}
        settings.append(setting)
    exercise.checks[:] = [
        replace(
            check,
            scenes=(
                *check.scenes,
                *(
                    replace(changed(scene, **setting), again=False)
                    for setting in settings
                    for scene in check.scenes
                    if _takes(scene, setting)
                ),
            ),
        )
        for check in exercise.checks
    ]


def _takes(scene: Scene, setting: dict[str, object]) -> bool:
    """Whether a scene leaves open what the setting says."""
    return not scene.reads_files and not any(
        getattr(scene.setting, name) for name in setting if name != "category"
    )
