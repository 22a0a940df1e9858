"""Advice that names `mqsim` says how it is called, where that alone would not be found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mqsim.cli.own_name import remind


@pytest.mark.parametrize("on_the_path", [True, False])
def test_who_has_no_mqsim_on_the_path_is_told_how_to_call_it(
    on_the_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    for name in ("mqsim", "activate"):
        (scripts / name).write_text("#!/bin/sh\n")
        (scripts / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(scripts / "mqsim"), "exercise", "list"])
    monkeypatch.setenv("PATH", str(scripts) if on_the_path else str(tmp_path))
    remind()
    captured = capsys.readouterr()
    assert captured.out == ""
    shown = Path(".venv", "bin")
    expected = (
        f"mqsim: the command `mqsim` is not on your PATH: write {shown / 'mqsim'}, or run "
        f"`source {shown / 'activate'}` once in this terminal.\n"
    )
    assert captured.err == ("" if on_the_path else expected)


def test_a_module_that_is_run_needs_no_reminder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/mqsim/cli/__main__.py"])
    monkeypatch.setenv("PATH", "/nowhere")
    remind()
    assert capsys.readouterr().err == ""
