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
from mqsim.grading.budgets import Budget
from mqsim.grading.catalogue import on_the_shelf
from mqsim.grading.exercise import NAME_FILE, Exercise, load
from mqsim.grading.files import files_in
from mqsim.grading.pages import self_contained
from mqsim.grading.practice import CONFTEST
from mqsim.grading.practice import check as judge
from mqsim.grading.reports.notebook import notebook_of
from mqsim.grading.submission import laid_out
from mqsim.grading.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
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


def judged_within_budget(exercise: Exercise, folder: Path) -> Verdict:
    """The verdict on a solution, which may use up as much as a submission: a wrong one may go on forever."""
    return judge(exercise, folder, budget=Budget())


def validate(
    exercise_folder: Path,
    proofs: Path,
    *,
    only: str = "",
    judged: Callable[[Exercise, Path], Verdict] = judged_within_budget,
    begun: Callable[[str, int, int], None] | None = None,
    done: Callable[[Proof], None] | None = None,
) -> list[Proof]:
    """Judge every solution of an exercise.

    Args:
        exercise_folder: where the exercise is.
        proofs: a folder with `right` and `wrong`.
        only: a part of the names of those that are judged; empty: all.
        judged: judges one.
        begun: told of each before it is judged: its name, its place from 1 on, and how many there are.
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
    given = {name: (exercise_folder / name).read_bytes() for name in exercise.given}
    results = []
    chosen = [each for each in found if only in each[0]]
    for number, (name, folder, meant) in enumerate(chosen, 1):
        if begun is not None:
            begun(name, number, len(chosen))
        with laid_out({**files_in(folder), **given}) as copy:
            proof = Proof(name, meant, judged(exercise, copy))
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
    count = "1 solution" if len(proofs) == 1 else f"{len(proofs)} solutions"
    lines += ["", f"{count}, {wrong} of them not as they must be."]
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


def release(
    exercise_folder: Path, proofs: Path, target: Path, *, reference: str = "", overwrite: bool = False
) -> list[Path]:
    """Write what students get into a folder: page, checks, starter, given files, and a notebook.

    Partner programs are solutions. Those of an exercise that came with mqsim stay with it, and its checks
    find them there. Only an exercise of your own takes them along, because its checks could not run without
    them.

    Args:
        exercise_folder: where the exercise is.
        proofs: a folder with `right`; one of them becomes the starter where the exercise has none.
        target: where it is written.
        reference: which right solution; by default the first.
        overwrite: whether files that are there already, and differ, are replaced.

    Raises:
        UsageError: there is no starter and no right solution; or a file is there already, and differs.
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
    if on_the_shelf(exercise.name) is None:
        files |= {f"partner/{name}": data for name, data in files_in(exercise_folder / "partner").items()}
    files |= {NAME_FILE: f"{exercise.name}\n".encode(), "conftest.py": CONFTEST.encode()}
    page = self_contained(files.get("README.md", b"").decode(), exercise_folder)
    if page:
        files["README.md"] = page.encode()
    asked = [*(f"{name}.py" for name in exercise.programs), *exercise.files]
    if shown_in_cells := {name: starters[name].decode() for name in asked if name in starters}:
        book = notebook_of(exercise, page, shown_in_cells)
        files[f"{exercise.name}.ipynb"] = (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()
    if not overwrite:
        _refuse_to_overwrite(target, files)
    written = []
    for name, data in files.items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        written.append(place)
    return written


def _refuse_to_overwrite(target: Path, files: Mapping[str, bytes]) -> None:
    differ = [
        name
        for name, data in files.items()
        if (target / name).is_file() and (target / name).read_bytes() != data
    ]
    if differ:
        raise UsageError(
            f"{target} has {', '.join(differ)} already, with other text. Choose another folder, or replace "
            "them with --overwrite."
        )


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

    mqsim exec consumer=consumer.py producer=producer.py --start producer@3 --args producer="one. two.."
    mqsim exercise check
"""

_PRODUCER = '''"""Sends the tasks of its command line."""

import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
# BEGIN SOLUTION
channel.queue_declare(queue="task_queue", durable=True)
for task in sys.argv[1:]:
    channel.basic_publish(exchange="", routing_key="task_queue", body=task)
# END SOLUTION
connection.close()
'''

_CONSUMER = '''"""Takes tasks, works on them, and records them."""

import time

import ledger
import pika


def on_task(channel, method, properties, body):
    task = body.decode()
    # BEGIN SOLUTION
{steps}
    # END SOLUTION


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
# BEGIN SOLUTION
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=on_task)
channel.start_consuming()
# END SOLUTION
'''
_WORK = '    time.sleep(task.count("."))\n    ledger.record(task)'
_ACKNOWLEDGE = "    channel.basic_ack(delivery_tag=method.delivery_tag)"


def begin(name: str, shelf: Path, proofs: Path) -> list[Path]:
    """Begin a new exercise from a pattern that works as it stands, with a right and a wrong solution.

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
    right = {"consumer.py": _CONSUMER.format(steps=f"{_WORK}\n{_ACKNOWLEDGE}"), "producer.py": _PRODUCER}
    wrong = {"consumer.py": _CONSUMER.format(steps=f"{_ACKNOWLEDGE}\n{_WORK}"), "producer.py": _PRODUCER}
    files = {
        shelf / name / "exercise.py": _EXERCISE.format(title=title),
        shelf / name / "README.md": _README.format(title=title, name=name),
    }
    for program, text in right.items():
        files[shelf / name / "starter" / program] = starter_of(text)
        files[proofs / name / "right" / "callback" / program] = text
        files[proofs / name / "wrong" / "nothing_lost__acknowledges_first" / program] = wrong[program]
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)
