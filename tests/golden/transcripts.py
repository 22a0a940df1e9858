"""Transcripts of programs as digests, which must be the same in every run, on every machine and Python.

`python -m tests.golden.transcripts` plays all programs twice on the interpreter that runs it and compares
with `transcripts.txt`; `--write` writes that file anew. What is kept is a digest of each transcript: `--show
NAME` prints one whole, to compare two of them.
"""

from __future__ import annotations

import sys
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mqsim as mq
from tests.programs.casts import PAIRS, TUTORIALS
from tests.programs.crash_cases import RIGHT, SENDER, WRONG, Right, Wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.api import ProgramsResult

KEPT = Path(__file__).with_name("transcripts.txt")
CRASH = {"crash": "worker-1", "at": 1.7, "restart_after": 1.0}


def _files(sources: Mapping[str, str]) -> Callable[[Path], dict[str, str]]:
    """What writes programs into a folder, and gives their names."""

    def write(folder: Path) -> dict[str, str]:
        for name, source in sources.items():
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
        return {name: str(folder / f"{name}.py") for name in sources}

    return write


def _runs() -> dict[str, Callable[[Path], ProgramsResult]]:
    """Everything that is played, by name."""
    found: dict[str, Callable[[Path], ProgramsResult]] = {}
    for name, cast in {**TUTORIALS, **PAIRS}.items():
        options: dict[str, Any] = {
            "programs": {part: str(one.path) for part, one in cast.parts.items()},
            "start": {part: one.start for part, one in cast.parts.items()},
            "args": {part: one.arguments for part, one in cast.parts.items()},
            "until": cast.until,
        }
        found[f"cast {name}"] = lambda _, options=options: mq.run_programs(**options)
    cases: dict[str, Right | Wrong] = {**RIGHT, **WRONG}
    for name, case in cases.items():
        others = case.others if "news" in case.others else {"sender": SENDER, **case.others}
        write = _files({**others, "worker": case.worker})
        found[f"crash {name}"] = lambda folder, write=write: mq.run_programs(
            write(folder), until=30.0, faults=[CRASH]
        )
    return found


def transcript(play: Callable[[Path], ProgramsResult]) -> str:
    """What one of them shows: its transcript, and the digest of its tables."""
    with tempfile.TemporaryDirectory() as folder:
        result = play(Path(folder))
        return f"{result.transcript()}\n{result.digest()}\n".replace(folder, "")


def lines() -> list[str]:
    """A line for each run: its digest, and its name.

    Raises:
        SystemExit: one of them differs from one time to the next.
    """
    found = []
    for name, play in _runs().items():
        text = transcript(play)
        if text != transcript(play):
            sys.exit(f"{name}: two runs in a row differ")
        found.append(f"{blake2b(text.encode(), digest_size=8).hexdigest()}  {name}")
    return found


def main() -> None:
    """Compare, write, or show."""
    if sys.argv[1:2] == ["--show"]:
        print(transcript(_runs()[sys.argv[2]]))
        return
    now = lines()
    if sys.argv[1:] == ["--write"]:
        KEPT.write_text("\n".join(now) + "\n", encoding="utf-8", newline="\n")
        return
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    differ = [line for line in now if line not in kept]
    if differ or len(now) != len(kept):
        sys.exit("These transcripts differ from those of other machines:\n" + "\n".join(differ))
    print(f"{len(now)} transcripts, all as on other machines")


if __name__ == "__main__":
    main()
