"""Every solution of every exercise against every check: the whole proof, which takes minutes.

    python -m tests.exercises.matrix [EXERCISE]...

It prints a matrix for each exercise, and fails unless every right solution passes every check and every wrong
one fails the check that its folder names.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from mqsim.grading import Exercise, Verdict, load
from mqsim.grading.authoring import Proof, matrix, solutions
from mqsim.grading.practice import check

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SHELF = ROOT / "exercises"
PROOFS = Path(__file__).parent
NAMES = sorted(file.parent.name for file in SHELF.glob("*/exercise.py"))


def exercise(name: str) -> Exercise:
    """An exercise by its folder's name."""
    return load(SHELF / name)


def verdict(name: str, folder: Path) -> Verdict:
    """The verdict on a copy of a solution, so that nothing is left beside it."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy)
        return check(exercise(name), copy)


def proof(name: str, solution: str) -> Proof:
    """What comes of one solution, such as `right/callback`."""
    folder = PROOFS / name / solution
    meant = folder.name.partition("__")[0] if folder.parent.name == "wrong" else ""
    return Proof(solution, meant, verdict(name, folder))


def proofs(name: str, pool: ProcessPoolExecutor) -> Iterator[Proof]:
    """What comes of all solutions of an exercise."""
    found = [solution for solution, _, _ in solutions(PROOFS / name)]
    yield from pool.map(proof, [name] * len(found), found)


def main(names: list[str]) -> int:
    """Print the matrices; 1 if a solution did not come out as it must."""
    wrong = 0
    with ProcessPoolExecutor() as pool:
        for name in names or NAMES:
            found = list(proofs(name, pool))
            wrong += sum(not each.holds for each in found)
            print(f"{name}\n\n{matrix(exercise(name), found)}\n", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
