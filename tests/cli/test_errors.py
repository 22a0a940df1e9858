from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mqsim.cli import main
from mqsim.errors import ChannelError
from tests.cli.command import mqsim
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00name")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "tabs.yaml").write_text("name: [unclosed\n")
    (tmp_path / "rate.yaml").write_text(
        "duration: 1\nbroker: {queues: {tasks: {}}}\n"
        "producers: {web: {to: tasks, arrivals: {poisson: {rate: -3}}}}\n"
    )
    return tmp_path


# arguments ({} is a folder with files to stumble over), and words that the sentence must have
MISTAKES = [
    (["run", "helo"], "hello"),
    (["run", "{}/missing.yaml"], "no such file"),
    (["run", "{}/binary.yaml"], "binary.yaml"),
    (["run", "{}/empty.yaml"], "empty.yaml"),
    (["run", "{}/folder.yaml"], "folder.yaml"),
    (["run", "{}/tabs.yaml"], "tabs.yaml"),
    (["run", "{}/rate.yaml"], "rate"),
    (["run", "hello", "--set", "consumers.receiver.cuont=3"], "count"),
    (["run", "hello", "--set", "consumers.nobody.count=3"], "nobody"),
    (["run", "hello", "--set", "duration"], "PATH=VALUE"),
    (["run", "hello", "--set", "=3"], "PATH=VALUE"),
    (["run", "hello", "--set", "duration=[1"], "value"),
    (["run", "hello", "--set", "duration=soon"], "duration"),
    (["run", "hello", "--seed", "-1"], "--seed"),
    (["run", "hello", "--seed", "many"], "--seed"),
    (["run", "hello", "--replications", "0"], "--replications"),
    (["run", "hello", "--replications", "2", "--timeline"], "--replications"),
    (["run", "hello", "--replications", "2", "--report", "{}/page.html"], "--replications"),
    (["run", "hello", "--json", "--timeline"], "--json"),
    (["run", "hello", "--report", "{}/missing/page.html"], "no folder"),
    (["run", "hello", "--report", "{}"], "is a folder"),
    (["run", "hello", "--save", "{}/empty.yaml"], "empty.yaml"),
    (["demo", "--report", "{}/missing/page.html"], "no folder"),
    (["run", "hello", "--unknown"], "--unknown"),
    (["walk"], "walk"),
    ([], "command"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=[" ".join(entry[0]) for entry in MISTAKES])
def test_a_mistake_gets_one_sentence_and_status_2(
    arguments: list[str], words: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    status = main([argument.replace("{}", str(folder)) for argument in arguments])
    captured = capfd.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("mqsim: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert captured.err.rstrip().endswith((".", "?"))
    assert "Traceback" not in captured.err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("call", "end"),
    [
        (["exce"], "Did you mean 'exec'? `mqsim --help` tells what is there."),
        (["exec", "--why"], "Option '--why' requires an argument. `mqsim exec --help` tells what is there."),
        (["plan", "size", "--rate"], "argument. `mqsim plan size --help` tells what is there."),
        (["exec", "--nonsense"], "`mqsim exec --help` tells what is there."),
    ],
)
def test_a_mistake_in_the_call_points_to_the_help_of_its_command(
    call: list[str], end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(call) == 2
    said = capsys.readouterr().err
    assert said.endswith(f"{end}\n")
    assert not any(stops in said for stops in ("?.", "..", "!."))


@pytest.mark.parametrize("arguments", [["run", "helo"], ["run", "hello", "--seed", "-1"]])
def test_the_process_ends_with_that_status(arguments: list[str]) -> None:
    done = mqsim(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mqsim: ")


def test_a_fault_of_ours_says_so(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("seven")

    monkeypatch.setattr("mqsim.cli.run.load", fail)
    monkeypatch.delenv("MQSIM_DEBUG", raising=False)
    assert main(["run", "hello"]) == 1
    words = capfd.readouterr().err
    assert "a fault of mqsim, not yours (ZeroDivisionError: seven)" in words
    assert "report it" in words
    assert "Traceback" not in words
    monkeypatch.setenv("MQSIM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["run", "hello"])


def test_a_broken_rule_of_the_model_is_our_fault(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ChannelError(406, "PRECONDITION_FAILED - unknown delivery tag 7")

    monkeypatch.setattr("mqsim.cli.run.simulate", fail)
    monkeypatch.delenv("MQSIM_DEBUG", raising=False)
    assert main(["run", "hello"]) == 1
    assert "a fault of mqsim, not yours (ChannelError: (406) PRECONDITION_FAILED" in capfd.readouterr().err


def test_an_interrupt_is_one_line_and_status_130(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mqsim.cli.run.simulate", interrupt)
    assert main(["run", "hello"]) == 130
    assert capfd.readouterr().err == "mqsim: stopped; nothing was left half-written.\n"


def test_ctrl_c_ends_a_long_run_and_leaves_nothing(tmp_path: Path) -> None:
    """A run of hours is stopped after a moment: by SIGINT, or what Windows has for it."""
    report = tmp_path / "page.html"
    windows = sys.platform == "win32"
    options = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)} if windows else {}
    endless = ["run", "hello", "--set", "duration=5e6", "--set", "producers.sender.messages=null"]
    # A process that a shell started in the background ignores SIGINT, and so would its children.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from mqsim.cli import main; print('ready', flush=True); sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *endless, "--report", str(report)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(2.0)
    process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))
    out, err = process.communicate(timeout=PATIENCE)
    assert out == ""
    assert "Traceback" not in err
    assert process.returncode == (130 if not windows else process.returncode)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_who_leaves_is_no_error() -> None:
    program = [sys.executable, "-m", "mqsim.cli", "schema"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        words = process.stderr.read()
    assert words == b""
    assert process.returncode in (1, 141)


def test_help_is_light() -> None:
    program = (
        "import sys; from mqsim.cli import main; main(['--help']); "
        "heavy = {'pandas', 'matplotlib', 'scipy', 'simpy', 'pydantic'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert "run" in done.stdout
    assert "demo" in done.stdout
    assert done.stderr.strip() == "[]"


def test_version() -> None:
    from mqsim import __version__

    assert mqsim("--version").stdout == f"mqsim {__version__}\n"
