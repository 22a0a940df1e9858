"""Where the exercises are: inside the package, or beside it in a clone."""

from __future__ import annotations

import re
from pathlib import Path

from mqsim.errors import UsageError
from mqsim.grading.exercise import NAME_FILE
from mqsim.scenario.problems import did_you_mean

_NUMBERED = re.compile(r"\d\d_[a-z0-9_]+")


def shelf() -> Path:
    """The folder of the exercises that came with mqsim.

    Raises:
        UsageError: there is none.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "exercises", package.parent / "exercises"):
        if any(folder.glob("*/exercise.py")):
            return folder
    raise UsageError("this copy of mqsim came without the exercises: install it again, or clone it.")


def names(folder: Path | None = None) -> list[str]:
    """The names of the exercises on a shelf, in order; by default of those that came with mqsim."""
    where = folder or shelf()
    found = [file.parent.name for file in where.glob("*/exercise.py")]
    return sorted(name for name in found if _NUMBERED.fullmatch(name))


def on_the_shelf(name: str) -> Path | None:
    """The folder of the exercise of that full name among those that came with mqsim; None: there is none."""
    try:
        folder = shelf() / name
    except UsageError:
        return None
    return folder if (folder / "exercise.py").is_file() else None


def find(name: str) -> Path:
    """The folder of an exercise.

    Args:
        name: its full name (`02_task_queue`), without the number (`task_queue`), the number alone (`2`), or a
            folder of your own that has an `exercise.py`.
            In a folder that was handed out, the name of its exercise is enough; so is the full name of an
            exercise in `./exercises`.

    Raises:
        UsageError: there is no such exercise, or several could be meant.
    """
    own = Path(name)
    if (own / "exercise.py").is_file():
        return own.absolute()
    here = Path(NAME_FILE)
    if here.is_file() and here.read_text(encoding="utf-8").strip() == name and Path("exercise.py").is_file():
        return Path.cwd()
    known = names()
    mine = Path("exercises") / name
    if name not in known and (mine / "exercise.py").is_file():
        return mine.absolute()
    number = int(name) if name.isdecimal() else -1
    found = [each for each in known if name in (each, each[3:]) or int(each[:2]) == number]
    if not found:
        found = [each for each in known if each[3:].startswith(name.removesuffix("/"))]
    if len(found) != 1:
        which = "there is no exercise" if not found else "several exercises could be"
        meant = did_you_mean(name, [*known, *(each[3:] for each in known)]) if not found else ""
        raise UsageError(f"{which} {name!r}; there are {', '.join(known)}.{f' {meant}' if meant else ''}")
    return shelf() / found[0]
