"""The bar on standard error: what it says on a terminal, and that it is silent elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from mqsim.cli.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, delay: float) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("crashes", "runs", delay=delay) as tell:
        if tell is not None:
            tell(3, 10)
            tell(4, None)
    return stderr.getvalue()


def test_a_terminal_sees_how_far_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "crashes" in told(monkeypatch, Terminal(), 0.0)


@pytest.mark.parametrize(("stderr", "delay"), [(io.StringIO(), 0.0), (Terminal(), 3600.0)])
def test_nothing_is_written_to_a_file_or_for_short_work(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, delay: float
) -> None:
    assert told(monkeypatch, stderr, delay) == ""
