"""`mqsim lesson`: the programs and scenarios of a lesson, copied into a folder of the reader's own.

They stand in the lesson itself, in blocks whose first line is `# NAME.py` or `# NAME.yaml`, so the page and
the files can't differ.
"""

from __future__ import annotations

import re
from pathlib import Path

import typer

from mqsim.cli.own_name import remind
from mqsim.errors import UsageError
from mqsim.report.files import write_atomically

_FILE = re.compile(r"^```\w+\n(# (?P<name>[\w-]+\.(?:yaml|py))\n.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.+(?:\\\n.+)*)$", re.MULTILINE)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def copy_lesson(number: int | None, folder: Path | None) -> None:
    """Carry out `mqsim lesson`: list the lessons, or copy one lesson's files.

    Raises:
        UsageError: there is no such lesson, or the folder has a file of the same name that is different.
    """
    pages = lessons()
    if number is None:
        for which, page in pages.items():
            typer.echo(f"{which:>2}  {title(page).partition('. ')[2]}")
        typer.echo("\n`mqsim lesson 5 lesson-5` copies the programs of lesson 5 into the folder lesson-5.")
        remind()
        return
    if number not in pages:
        raise UsageError(f"there is no lesson {number}; there are lessons {min(pages)} to {max(pages)}.")
    text = pages[number].read_text(encoding="utf-8")
    found = files(text)
    target = Path(f"lesson-{number}") if folder is None else folder
    for name in put(found, target):
        typer.echo(f"Wrote {target / name}")
    if found:
        typer.echo(f"\nGo there with `cd {target}`, and run what the lesson shows:")
        for command in commands(text, found):
            typer.echo(f"  {command}")
        remind()
    else:
        typer.echo(f"Lesson {number} has no programs: its commands run as they stand in the lesson.")


def lessons() -> dict[int, Path]:
    """The lessons by number: inside the package, or beside it in a clone.

    Raises:
        UsageError: there are none.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "lessons", package.parent / "lessons"):
        found = {int(page.name[:2]): page for page in sorted(folder.glob("[0-9][0-9]_*.md"))}
        if found:
            return found
    raise UsageError("this installation of mqsim came without its lessons; install it again.")


def title(page: Path) -> str:
    """A lesson's heading."""
    found = _TITLE.search(page.read_text(encoding="utf-8"))
    return found[1] if found else page.stem


def files(text: str) -> dict[str, str]:
    """The files that a lesson shows, by name."""
    return {found["name"]: found[1] for found in _FILE.finditer(text)}


def commands(text: str, found: dict[str, str]) -> list[str]:
    """The commands of a lesson that need one of its files, once each, in order."""
    called = (command.replace("\\\n", " ") for command in _COMMAND.findall(text))
    return list(dict.fromkeys(command for command in called if any(name in command for name in found)))


def put(found: dict[str, str], folder: Path) -> list[str]:
    """Write files into a folder, which is made if need be; give the names of those that were not there.

    Raises:
        UsageError: the folder is a file, can't be written, or has another file of such a name.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder, as in `mqsim lesson 5 my-folder`.")
    for name, text in found.items():
        there = folder / name
        if there.exists() and there.read_text(encoding="utf-8") != text:
            raise UsageError(
                f"{there} is there already and differs from the lesson's, so it was left alone; "
                "name another folder, or rename your file."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: the folder can't be made ({error.strerror}).") from None
    new = [name for name in found if not (folder / name).exists()]
    for name in new:
        write_atomically(folder / name, found[name])
    return new
