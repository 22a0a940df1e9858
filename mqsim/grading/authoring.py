"""For those who write exercises: a new one from a pattern, its proof, and what students get.

An exercise proves itself by solutions: every right one must pass every check, and every wrong one must fail
the check that it is meant to fail.

    tests/exercises/04_survive_worker_crash/right/callback/consumer.py …
    tests/exercises/04_survive_worker_crash/wrong/nothing_lost__acknowledges_first/consumer.py …
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.grading.exercise import NAME_FILE, Exercise, load
from mqsim.grading.files import files_in
from mqsim.grading.practice import CONFTEST
from mqsim.grading.practice import check as judge
from mqsim.grading.reports.notebook import notebook_of
from mqsim.grading.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_MARK = "__"
_BEGIN, _END = "# BEGIN SOLUTION", "# END SOLUTION"
_TODO = "# Write your code here."
_SLUG = re.compile(r"\d\d_[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Proof:
    """What came of one solution.

    Attributes:
        name: such as `right/callback`.
        meant: the check that it must fail; empty for a right one.
        verdict: how it came out.
    """

    name: str
    meant: str
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether it came out as it must. A wrong one must fail its check by itself, not through another."""
        if not self.meant:
            return self.verdict.state is State.PASSED
        found = {check.name: check for check in self.verdict.checks}.get(self.meant)
        return found is not None and found.fails_by_itself


def solutions(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """The solutions of a folder with `right` and `wrong`: name, folder, and the check it must fail.

    Raises:
        UsageError: a wrong one does not name its check.
    """
    for kind in ("right", "wrong"):
        for each in sorted((folder / kind).glob("*")):
            if not each.is_dir() or each.name.startswith(("_", ".")):
                continue
            meant, mark, _ = each.name.partition(_MARK)
            if kind == "wrong" and not mark:
                raise UsageError(f"{each}: name it CHECK__WHAT, as in nothing_lost__acknowledges_first.")
            yield f"{kind}/{each.name}", each, meant if kind == "wrong" else ""


def validate(
    exercise_folder: Path,
    proofs: Path,
    *,
    only: str = "",
    judged: Callable[[Exercise, Path], Verdict] = judge,
    done: Callable[[Proof], None] | None = None,
) -> list[Proof]:
    """Judge every solution of an exercise.

    Args:
        exercise_folder: where the exercise is.
        proofs: a folder with `right` and `wrong`.
        only: a part of the names of those that are judged; empty: all.
        judged: judges one.
        done: told of each.

    Raises:
        UsageError: there is no right solution, or a wrong one names no check of the exercise.
    """
    exercise = load(exercise_folder)
    names = {check.name for check in exercise.checks}
    found = list(solutions(proofs))
    if not any(name.startswith("right/") for name, _, _ in found):
        raise UsageError(f"{proofs}: there is no right solution in it, such as right/callback/consumer.py.")
    for name, _, meant in found:
        if meant and meant not in names:
            raise UsageError(f"{name}: there is no check {meant}; there are {', '.join(sorted(names))}.")
    results = []
    for name, folder, meant in found:
        if only in name:
            proof = Proof(name, meant, judged(exercise, folder))
            results.append(proof)
            if done is not None:
                done(proof)
    return results


_SIGNS = {
    State.PASSED: "+",
    State.FAILED: "x",
    State.TIMEOUT: "t",
    State.NOT_EXERCISED: "?",
    State.UNGRADABLE: "u",
    State.GRADER_ERROR: "!",
}


def matrix(exercise: Exercise, proofs: Iterable[Proof]) -> str:
    """Solutions against checks, as a table: + passed, x failed, t timeout, ? not exercised, ! grader error,
    u ungradable.
    """
    proofs = list(proofs)
    width = max((len(proof.name) for proof in proofs), default=10)
    lines = [f"{number:>2}  {check.name}" for number, check in enumerate(exercise.checks, 1)]
    numbers = " ".join(f"{number:>2}" for number in range(1, len(exercise.checks) + 1))
    lines += ["", f"{'':{width}}  {numbers}"]
    for proof in proofs:
        states = {check.name: _SIGNS[check.state] for check in proof.verdict.checks}
        cells = " ".join(f"{states.get(check.name, '-'):>2}" for check in exercise.checks)
        lines.append(
            f"{proof.name:{width}}  {cells}  {'' if proof.holds else '  <- ' + _why(proof)}".rstrip()
        )
    wrong = sum(not proof.holds for proof in proofs)
    lines += ["", f"{len(proofs)} solutions, {wrong} of them not as they must be."]
    return "\n".join(lines)


def _why(proof: Proof) -> str:
    if proof.verdict.message:
        return proof.verdict.message
    if proof.meant:
        return f"{proof.meant} does not fail by itself"
    first = next((check for check in proof.verdict.checks if check.state is not State.PASSED), None)
    return f"{first.name}: {first.message}" if first else "it does not pass"


# -- what students get ---------------------------------------------------------------------------------------


def starter_of(text: str) -> str:
    r"""A solution without what stands between `# BEGIN SOLUTION` and `# END SOLUTION`.

    >>> print(starter_of("def f():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n"), end="")
    def f():
        # Write your code here.
        ...
    """
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        bare = line.strip()
        if bare == _BEGIN:
            inside = True
            margin = line[: len(line) - len(line.lstrip())]
            kept += [f"{margin}{_TODO}", f"{margin}..."]
        elif bare == _END:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept) + "\n"


def release(exercise_folder: Path, proofs: Path, target: Path, *, reference: str = "") -> list[Path]:
    """Write what students get into a folder: page, checks, starter, given files, and a notebook.

    Args:
        exercise_folder: where the exercise is.
        proofs: a folder with `right`; one of them becomes the starter where the exercise has none.
        target: where it is written.
        reference: which right solution; by default the first.

    Raises:
        UsageError: there is no starter and no right solution.
    """
    exercise = load(exercise_folder)
    shown = {name: exercise_folder / name for name in ("README.md", "exercise.py", *exercise.given)}
    files = {name: path.read_bytes() for name, path in shown.items() if path.is_file()}
    starters = files_in(exercise_folder / "starter")
    if not starters:
        rights = [(name, path) for name, path, meant in solutions(proofs) if not meant and reference in name]
        if not rights:
            raise UsageError(f"{exercise_folder}: it has no starter, and {proofs} no right solution.")
        starters = {
            name: starter_of(data.decode()).encode()
            for name, data in files_in(rights[0][1]).items()
            if name.endswith((".py", ".yaml"))
        }
    files |= starters
    files |= {f"partner/{name}": data for name, data in files_in(exercise_folder / "partner").items()}
    files |= {NAME_FILE: f"{exercise.name}\n".encode(), "conftest.py": CONFTEST.encode()}
    page = files.get("README.md", b"").decode()
    programs = {
        name: starters[f"{name}.py"].decode() for name in exercise.programs if f"{name}.py" in starters
    }
    if programs:
        book = notebook_of(exercise, page, programs)
        files[f"{exercise.name}.ipynb"] = (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()
    written = []
    for name, data in files.items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        written.append(place)
    return written


_EXERCISE = '''"""{title}: what is judged."""

from mqsim.grading import Exercise, every_crash, expect

exercise = Exercise({{"consumer": 1, "producer": 1}}, tasks=["one.", "two.."], told="producer")


@exercise.check(points=4)
def effects(run):
    """Every task is recorded in the ledger."""
    for task in run.tasks:
        expect(run.effects[task], f'"{{task}}" was never recorded.')


@exercise.check(points=6, needs=["effects"], scene=every_crash("consumer"))
def nothing_lost(run):
    """Whenever the worker is killed, every task is recorded in the end."""
    for task in run.tasks:
        expect(run.effects[task], f'"{{task}}" is lost.')
'''

_README = """# {title}

## What to write

`producer.py` sends the tasks that it finds on its command line to the queue `task_queue`. `consumer.py` takes
them, works a second for each dot at the end, and records it (`import ledger`, then `ledger.record(task)`).

## Before you run it

Which task is lost if the worker dies between its acknowledgement and `ledger.record`?

## Try it

    mqsim exercise check {name} .
"""

_PROGRAM = '''"""Connects to the broker. {what}"""

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
# BEGIN SOLUTION
raise SystemExit("Write the solution here.")
# END SOLUTION
'''


def begin(name: str, shelf: Path, proofs: Path) -> list[Path]:
    """Begin a new exercise from a pattern: one right and one wrong solution are to be written next.

    Args:
        name: two digits and words, as in `11_dead_letters`.
        shelf: the folder of the exercises.
        proofs: the folder of their solutions.

    Raises:
        UsageError: the name is not such a one, or is taken.
    """
    if not _SLUG.fullmatch(name):
        raise UsageError(f"{name}: name it by two digits and small letters, as in 11_dead_letters.")
    if (shelf / name).exists():
        raise UsageError(f"{shelf / name} is there already.")
    title = name[3:].replace("_", " ").capitalize()
    programs = {
        "consumer.py": _PROGRAM.format(what="It takes tasks."),
        "producer.py": _PROGRAM.format(what="It sends tasks."),
    }
    files = {
        shelf / name / "exercise.py": _EXERCISE.format(title=title),
        shelf / name / "README.md": _README.format(title=title, name=name),
    }
    for program, text in programs.items():
        files[shelf / name / "starter" / program] = starter_of(text)
        files[proofs / name / "right" / "callback" / program] = text
        files[proofs / name / "wrong" / "nothing_lost__acknowledges_first" / program] = text
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)
