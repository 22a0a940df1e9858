"""A Markdown page as something to be tried: its commands, programs, scenarios, and the paths that it names.

In a console block a line with `$ ` is a command, and what follows is all that it prints, stdout and stderr.
There `...` stands for anything: in a line for any text, on a line of its own for any lines. No output shown
is none compared. A YAML or Python block whose first line is `# NAME.yaml` is saved under that name, and the
commands of the page run where it lies.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

ELSEWHERE = {"uv"}
"""Programs that a page may name and that are not ours to run; files among their arguments must be there."""

_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVED = re.compile(r"# ([\w-]+\.(?:yaml|py))$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page that it begins at."""

    language: str
    text: str
    line: int

    @property
    def name(self) -> str:
        """The file that it is saved as, or empty."""
        found = _SAVED.match(self.text.partition("\n")[0])
        return found[1] if found else ""


@dataclass(frozen=True)
class Command:
    """A command of a console block, and what the page says that it prints (empty: nothing said)."""

    words: tuple[str, ...]
    printed: str
    line: int


STATUSES = {"mqsim: ": 2, "No value of ": 1, "It can't be told": 3}
"""Exit statuses other than 0, by how the output begins that goes with them."""


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page.

    Raises:
        ValueError: a fence is not closed.
    """
    found = [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text)]
    if len(re.findall(r"^```", text, re.MULTILINE)) != 2 * len(found):
        raise ValueError("a fence is not closed, or is indented")
    return found


def commands(block: Block) -> list[Command]:
    """The commands of a console block.

    Raises:
        ValueError: the block begins with something else.
    """
    found: list[Command] = []
    parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", block.text, flags=re.MULTILINE)
    if parts[0]:
        raise ValueError(f"line {block.line}: a console block begins with `$ `")
    for call, printed in zip(parts[1::2], parts[2::2], strict=True):
        words = tuple(shlex.split(call.replace("\\\n", " ")))
        found.append(Command(words, printed, block.line))
    return found


def run(command: Command, folder: Path) -> str:
    """Carry a command out in a folder; give what is wrong with the page's word on it, or nothing."""
    call = " ".join(command.words)
    words = runnable(command.words)
    if words is None:
        return not_there(command.words)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "Agg",
    }
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=900,  # a command that hangs; a busy machine must not fail a page
    )
    expected = next((status for begin, status in STATUSES.items() if command.printed.startswith(begin)), 0)
    if done.returncode != expected:
        return f"`{call}` ended with {done.returncode}:\n{done.stdout}"
    if command.printed and not matches(command.printed, done.stdout):
        return f"`{call}` prints something else:\n{done.stdout}"
    return ""


def runnable(words: tuple[str, ...]) -> list[str] | None:
    """The command as it can be run here; None for one that is looked up instead."""
    if words[0] in {"mqsim", ".venv/bin/mqsim"}:
        return [sys.executable, "-m", "mqsim.cli", *words[1:]]
    if words[0] == "python" and words[1] != "bootstrap.py":
        return [sys.executable, *words[1:]]
    return None


def not_there(words: tuple[str, ...]) -> str:
    """What a command names that does not exist, or nothing."""
    program, rest = words[0], list(words[1:])
    if program == "make" or words[:2] == ("python", "bootstrap.py"):
        verb = rest[-1] if program == "make" else rest[1]
        verb = next((word for word in rest if "=" not in word), verb) if program == "make" else verb
        known = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        verbs = {*(known[1].split() if known else []), *([] if program == "make" else ["env"])}
        return (
            ""
            if verb in verbs
            else f"`{' '.join(words)}`: there is no {verb!r}, only {', '.join(sorted(verbs))}"
        )
    if program == "bash" or program in ELSEWHERE or program == ".venv/bin/python":
        files = [
            word for word in rest if re.search(r"(/|\.(toml|txt|py|sh))", word) and not word.startswith("-")
        ]
        missing = [word for word in files if not (ROOT / word.partition("::")[0]).exists()]
        return f"`{' '.join(words)}`: there is no {missing[0]}" if missing else ""
    return f"`{' '.join(words)}`: nobody knows how to try {program!r}"


def matches(shown: str, printed: str) -> bool:
    """Whether what is printed is what a page shows, given its `...`; blanks at line ends don't count."""
    pattern = ""
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
        else:
            parts = line.rstrip().split("...")
            pattern += r"[^\n]*".join(re.escape(part) for part in parts) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n") is not None


_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TICKED = re.compile(r"`([\w./-]+)`")
_FILE = re.compile(r"[\w./-]*\.(?:py|md|toml|txt|yaml|ipynb|css)|[\w./-]+/")


def lost_paths(text: str, page: Path) -> list[str]:
    """Relative links and file names in a page that lead nowhere.

    A file is sought from the project's folder, from the page's own and from the package's; what a block
    of the page saves is there as well.
    """
    bare = _FENCE.sub("", text)
    saved = {block.name for block in blocks(text)}
    lost = []
    for target in _LINK.findall(bare):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        where = (page.parent / path).resolve() if path else page
        if not where.exists() or (anchor and anchor not in anchors(where)):
            lost.append(target)
    for name in _TICKED.findall(bare):
        if not _FILE.fullmatch(name) or name in saved or name.startswith((".venv", "/")):
            continue
        if not any((base / name).exists() for base in (ROOT, page.parent, ROOT / "mqsim")):
            lost.append(name)
    return lost


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(text: str, *heading: str) -> Iterator[list[str]]:
    """The rows of every table whose first columns have these headings, cell by cell."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if tuple(cells[: len(heading)]) == heading:
            inside = True
        elif inside and not set(line) <= set("|- :"):
            yield cells
