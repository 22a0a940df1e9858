"""What each small program prints: in both carriers, in a real interpreter, over runs and hash seeds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mqsim.guest.carriers.in_process import InProcess
from tests.guest.battery import ALL, OPTIONS
from tests.guest.plain import PLAIN
from tests.guest.stage import play
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.carriers.fork_server import ForkServer
    from tests.guest.cases import Case

ROOT = Path(__file__).parent.parent.parent


def texts(lines: list[str]) -> tuple[str, int]:
    shown = [line[26:] for line in lines]
    return "".join(f"{line}\n" for line in shown[:-1]), int(shown[-1].split()[1])


@pytest.mark.parametrize("name", ALL)
def test_a_program_prints_what_it_should(name: str, carry: CarrierFactory) -> None:
    each = ALL[name]
    assert texts(play(carry, each.source, **OPTIONS.get(name, {}))) == (each.printed, each.status)


@pytest.mark.parametrize("name", ALL)
def test_both_carriers_write_the_same_transcript(name: str, fork_server: ForkServer) -> None:
    source, options = ALL[name].source, OPTIONS.get(name, {})
    first = play(InProcess, source, **options)
    assert play(fork_server, source, **options) == first
    assert play(InProcess, source, **options) == first


@pytest.mark.parametrize("name", PLAIN)
def test_a_real_interpreter_prints_the_same(name: str, tmp_path: Path) -> None:
    each: Case = PLAIN[name]
    file = tmp_path / "student.py"
    file.write_text(each.source, encoding="utf-8")
    arguments = OPTIONS.get(name, {}).get("arguments", ())
    assert isinstance(arguments, tuple)
    done = subprocess.run(
        [sys.executable, str(file), *arguments],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "TZ": "UTC"},
        timeout=PATIENCE,
    )
    # A noisy machine is late in real time: what counts there is the order.
    time = re.compile(r"\b\d\.\d\b")
    for stream, mark in ((done.stdout, False), (done.stderr, True)):
        wanted = [line for line in each.printed.splitlines() if line.startswith("! ") is mark]
        expected = [time.sub("#", line[2:] if mark else line) for line in wanted]
        assert [time.sub("#", line) for line in stream.decode().splitlines()] == expected
    assert done.returncode == each.status


def test_hash_seeds_change_nothing() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    seen = set()
    for carrier in ("in process", "process"):
        for seed in ("0", "1", "random"):
            done = subprocess.run(
                [sys.executable, "-m", "tests.guest.battery", carrier],
                capture_output=True,
                env=environment | {"PYTHONHASHSEED": seed},
                cwd=ROOT,
                timeout=PATIENCE,
                check=True,
            )
            seen.add(done.stdout)
    assert len(seen) == 1
    assert seen.pop().count(b"\n") > 20_000
