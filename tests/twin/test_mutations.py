"""Mistakes that are put into the kernel on purpose: the comparison with `sim` has to notice each of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MUTATIONS = {
    "a tie goes to the later event": (
        "clock",
        "t[above] == time and k[above] < key",
        "t[above] == time and k[above] > key",
    ),
    "a fault is an event like any other": (
        "clock",
        "sink(s.heap_t, s.heap_k, s.heap_what, g.heap_n, time, g.numbered, packed(kind, a, b))",
        "sink(s.heap_t, s.heap_k, s.heap_what, g.heap_n, time, g.numbered + ORDINARY, packed(kind, a, b))",
    ),
    "prefetch is off by one": (
        "broker",
        "if c.unacked < c.limit:\n                join_ring",
        "if c.unacked <= c.limit:\n                join_ring",
    ),
    "a blocked consumer keeps its turn": (
        "broker",
        "            c.parked = 1\n",
        "            c.parked = 1\n            join_ring(s, session)\n            return -1\n",
    ),
    "returned messages come in the order of their return": (
        "broker",
        "if s.messages[other].sequence < s.messages[one].sequence:",
        "if s.messages[other].sequence > s.messages[one].sequence:",
    ),
    "a full queue takes one more": (
        "broker",
        "q.waiting + 1 > q.max_length",
        "q.waiting > q.max_length",
    ),
    "an acknowledgement takes no time": (
        "finishing",
        "if a.ack == MANUAL:\n            hop(s, a.latency, ACK, delivery, 0)",
        "if a.ack == MANUAL:\n            hop(s, 0.0, ACK, delivery, 0)",
    ),
    "work goes on after a crash": (
        "consumers",
        "    a.failing = 0\n    a.timer += 1\n",
        "    a.failing = 0\n",
    ),
    "a level counts until the end of what it holds": (
        "counting",
        "q.depth_area += q.waiting * (g.now - max(q.depth_since, g.counts_from))",
        "q.depth_area += q.waiting * (g.now - q.depth_since)",
    ),
    "work that breaks off is not counted": (
        "counting",
        "    worked(s, actor, s.deliveries[a.broken].started, s.g[0].now)\n    a.broken = -1\n",
        "    a.broken = -1\n",
    ),
    "a delivery is over while its consumer has it": (
        "broker",
        "        d.held = 2\n",
        "        d.held = 1\n",
    ),
    "the end comes one instant late": ("kernel", "s.heap_t[0] >= g.end", "s.heap_t[0] > g.end"),
}


def compared(
    folder: Path, mutation: tuple[str, str, str] | None, drawn: int
) -> subprocess.CompletedProcess[str]:
    """Compare so many drawn scenarios, uncompiled, with the mistake in a copy of the sources."""
    leave = shutil.ignore_patterns("__pycache__", "*.html", "presets.cache")
    shutil.copytree(ROOT / "mqsim", folder / "mqsim", ignore=leave)
    shutil.copytree(ROOT / "tests" / "twin", folder / "tests" / "twin", ignore=leave)
    (folder / "tests" / "__init__.py").touch()
    if mutation is not None:
        name, right, wrong = mutation
        file = folder / "mqsim" / "twin" / f"{name}.py"
        text = file.read_text("utf-8")
        assert text.count(right) == 1, f"{right!r} stands {text.count(right)} times in {name}"
        file.write_text(text.replace(right, wrong), "utf-8")
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.twin.fuzz", str(drawn), "--minimise", "0"],
        cwd=folder,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_text_that_a_mistake_replaces_stands_once(name: str) -> None:
    module, right, wrong = MUTATIONS[name]
    text = (ROOT / "mqsim" / "twin" / f"{module}.py").read_text("utf-8")
    assert text.count(right) == 1
    assert right != wrong


@pytest.mark.long
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_is_noticed(name: str, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    done = compared(tmp_path, MUTATIONS[name], 150)
    assert done.returncode == 1, done.stdout + done.stderr
    # Either a trace differs, or the mistake reaches for a row that is not there.
    assert "seed " in done.stdout or "IndexError" in done.stderr


@pytest.mark.long
def test_without_a_mistake_nothing_is_noticed(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    done = compared(tmp_path, None, 60)
    assert done.returncode == 0, done.stdout + done.stderr
