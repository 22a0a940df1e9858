"""`mqsim exec`: program files run in virtual time, their transcript printed as it comes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqsim.api import ProgramsResult
    from mqsim.guest.host.transcript import Line

_PROGRAM = re.compile(r"(?P<name>[^:=]+)(:(?P<count>[^=]*))?=(?P<file>.+)", re.DOTALL)


DOWN = 5.0
"""Seconds that a broker is away when it is restarted, unless told otherwise. RabbitMQ 3.10.8 took 4.7 to
8.2 s on a busy machine (the conformance tests' `recordings/crash-3.10.json`)."""


@dataclass(frozen=True)
class ExecRequest:
    """What the command line asked for; the fields are its options."""

    programs: list[str]
    args: list[str]
    start: list[str]
    kill: list[str]
    stop: list[str]
    term: list[str]
    restart: list[str]
    until: float | None
    profile: str | None
    latency: float | None
    seed: int | None
    definitions: Path | None
    scenario: str | None
    as_json: bool
    why: str | None = None
    every_crash: bool = False
    who: str | None = None
    restart_after: float | None = None
    stdin: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    down: float = DOWN
    outage: tuple[str, ...] = ()


def settle_hashes() -> int | None:
    """Run this command in an interpreter whose hashes are the same in every run, unless this one is so.

    A set of texts is printed in another order for each hash seed, and that is chosen as Python starts.

    Returns:
        The exit status of the command, where it had to be a process of its own; else None.
    """
    if not sys.flags.hash_randomization or sys.flags.ignore_environment:
        return None
    call = [sys.executable, *sys.orig_argv[1:]]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    if os.name == "posix":
        os.execve(sys.executable, call, environment)
    return subprocess.run(call, env=environment, check=False).returncode


def run_files(request: ExecRequest) -> None:
    """Carry out `mqsim exec`.

    Raises:
        MqsimError: the request can't be.
    """
    from mqsim.cli.progress import programs_that_keep_others_waiting

    with programs_that_keep_others_waiting():
        _run(request, call_of(request))


def _run(request: ExecRequest, given: dict[str, Any]) -> None:
    from mqsim.api import run_programs

    if request.every_crash:
        from mqsim.cli.crashes import crash_everywhere

        chosen = {"who": request.who, "restart_after": request.restart_after}
        crash_everywhere({**given, **chosen}, request.as_json)
        return
    silent = request.as_json or request.why is not None
    result = run_programs(**given, listener=None if silent else printer())
    if request.why is not None:
        from mqsim.cli.crashes import tell_why

        tell_why(result, request.why, request.as_json)
    elif request.as_json:
        from mqsim.cli import show

        show.json_object(numbers_of(result))
    else:
        _tell_outcome(result.outcome)


def _tell_outcome(sentence: str) -> None:
    """The last line: what became of the messages."""
    if not sentence:
        return
    if not sys.stdout.isatty():
        print(f"=> {sentence}")
        return
    from rich.text import Text

    from mqsim.cli.show import console

    console().print(Text(f"=> {sentence}", style="bold green"), soft_wrap=True)


def leave_at_once(status: int) -> NoReturn:
    """End this process. What programs and their libraries left behind in it is not torn down: its complaints
    concern nobody any more, and nobody waits for its threads.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def call_of(request: ExecRequest) -> dict[str, Any]:
    """What `run_programs` is called with.

    Raises:
        UsageError: an option can't be understood, or fits no other.
    """
    if not request.every_crash and (request.who is not None or request.restart_after is not None):
        option = "--who" if request.who is not None else "--restart-after"
        raise UsageError(f"{option} belongs to --every-crash; for one crash write --kill NAME@T.")
    if request.every_crash and request.why is not None:
        raise UsageError("--why tells of one run, --every-crash makes many: give one of them.")
    files, count = _files(request.programs)
    if not files and request.scenario is None:
        raise UsageError("there is nothing to run: name programs, as in worker=consumer.py.")
    start: dict[str, float] = {}
    for word in request.start:
        name, t = _moment("--start", word)
        if name == "broker":
            continue
        start[_group("--start", word, name, files)] = t
    return {
        "programs": files,
        "count": count,
        "start": start,
        "args": _command_lines(request.args, files),
        "faults": _faults(request, files, count),
        "until": request.until,
        "profile": request.profile,
        "latency": request.latency,
        "seed": request.seed,
        "definitions": request.definitions,
        "scenario": request.scenario,
        "stdin": _inputs(request.stdin, files),
        "hosts": _hosts(request.host),
    }


def _inputs(words: tuple[str, ...], files: dict[str, str]) -> dict[str, str]:
    """What programs read: FILE for all of them, or NAME=FILE for one."""
    found: dict[str, str] = {}
    for word in words:
        name, sign, file = word.partition("=")
        chosen = {name: file} if sign and name in files else dict.fromkeys(files, word)
        for path in chosen.values():
            if not os.path.isfile(path):
                raise UsageError(f"--stdin {word}: there is no file {path}; write FILE, or NAME=FILE.")
        found.update(chosen)
    return found


def _hosts(words: tuple[str, ...]) -> dict[str, int]:
    """Further addresses of the broker, from NAME[:PORT]."""
    found: dict[str, int] = {}
    for word in words:
        name, _, port = word.partition(":")
        if not name or (port and not port.isdecimal()):
            raise UsageError(f"--host {word}: write NAME or NAME:PORT, as in --host mq:5673.")
        found[name] = int(port or 5672)
    return found


def _files(words: list[str]) -> tuple[dict[str, str], dict[str, int]]:
    """The files and counts of NAME[:COUNT]=FILE."""
    files: dict[str, str] = {}
    count: dict[str, int] = {}
    for word in words:
        found = _PROGRAM.fullmatch(word)
        if found is None:
            raise UsageError(f"{word}: write NAME=FILE, or NAME:COUNT=FILE, as in worker:3=consumer.py.")
        name, number = found["name"], found["count"]
        if name in files:
            raise UsageError(f"{word}: there is a program {name} already; write {name}:2=FILE to have two.")
        if number is not None:
            if not number.isdecimal() or int(number) < 1:
                raise UsageError(f"{word}: a count is a whole number, 1 or more, as in {name}:3=FILE.")
            count[name] = int(number)
        files[name] = found["file"]
    return files, count


def _command_lines(words: list[str], files: dict[str, str]) -> dict[str, list[str]]:
    """What programs find in `sys.argv`, from NAME=WORDS; quoted as in a shell."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, sign, line = word.partition("=")
        if not sign or name not in files:
            known = ", ".join(files)
            raise UsageError(f"--args {word}: write NAME='WORDS', with one of {known} as the name.")
        try:
            found[name] = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"--args {word}: {str(error).lower()}; close what is quoted.") from None
    return found


def _moment(option: str, word: str) -> tuple[str, float]:
    """The name and the time of NAME@T."""
    name, sign, time = word.rpartition("@")
    try:
        t = float(time)
    except ValueError:
        t = -1.0
    if not sign or not name or not 0 <= t < float("inf"):
        raise UsageError(f"{option} {word}: write NAME@SECONDS, as in {option} worker@3.")
    return name, t


def _outages(words: tuple[str, ...]) -> list[dict[str, Any]]:
    """Faults of services, from NAME@T or NAME@T:S."""
    from mqsim.scenario.faults import SERVICES

    found: list[dict[str, Any]] = []
    for word in words:
        moment, sign, length = word.partition(":")
        try:
            seconds = float(length) if sign else None
            name, t = _moment("--outage", moment)
        except (ValueError, UsageError):
            name, t, seconds = "", 0.0, None
        if not name or (seconds is not None and not 0 < seconds < float("inf")):
            raise UsageError(
                f"--outage {word}: write ledger@SECONDS:SECONDS, as in --outage ledger@4:3; the ledger then "
                "fails at 4 s for 3 s."
            )
        if name not in SERVICES:
            raise UsageError(f"--outage {word}: there is no service {name}; there is {', '.join(SERVICES)}.")
        found.append({"outage": name, "at": t, **({} if seconds is None else {"for": seconds})})
    return found


def _group(option: str, word: str, name: str, files: dict[str, str]) -> str:
    """The program that is meant; one of several actors can't be started apart."""
    if name in files:
        return name
    group = name.rpartition("-")[0]
    if group in files:
        raise UsageError(
            f"{option} {word}: all of {group} start together; give one of them a name of its own instead."
        )
    raise UsageError(f"{option} {word}: there is no program {name}; there are {', '.join(files)}.")


def _check_target(
    said: str, name: str, files: dict[str, str], count: dict[str, int], request: ExecRequest
) -> None:
    group, _, number = name.rpartition("-")
    one_of_several = group in files and number.isdecimal() and 1 <= int(number) <= count.get(group, 1)
    is_broker = name == "broker" or name.startswith("broker-")
    if not (name in files or one_of_several or is_broker or request.scenario):
        names = ", ".join(
            f"{group}-1" if count.get(group, 1) == 1 else f"{group} ({group}-1 to {group}-{count[group]})"
            for group in files
        )
        raise UsageError(f"{said}: there is no {name}; there are {names}, and the broker.")


def _faults(request: ExecRequest, files: dict[str, str], count: dict[str, int]) -> list[dict[str, Any]]:
    """The faults that the options ask for, in order of time."""
    faults: list[dict[str, Any]] = []
    for kind, words in (
        ("kill", request.kill),
        ("stop", request.stop),
        ("term", request.term),
        ("restart", request.restart),
    ):
        for word in words:
            name, t = _moment(f"--{kind}", word)
            _check_target(f"--{kind} {word}", name, files, count, request)
            fault: dict[str, Any] = {"terminate" if kind == "term" else kind: name, "at": t}
            faults.append(fault)
    for word in request.start:
        name, t = _moment("--start", word)
        if name == "broker":
            faults.append({"restart": "broker", "at": 0.0, "down": t})
    faults += _outages(request.outage)
    faults.sort(key=lambda fault: fault["at"])
    return [_with_downtime(fault, faults[:number], request.down) for number, fault in enumerate(faults)]


def _with_downtime(fault: dict[str, Any], earlier: list[dict[str, Any]], down: float) -> dict[str, Any]:
    """A restart of the broker takes its time; one that is down already is up again at that moment."""
    name = str(fault.get("restart", ""))
    if name.partition("-")[0] != "broker" or "down" in fault:
        return fault
    ends = [each for each in earlier if name in (each.get("kill"), each.get("stop"), each.get("restart"))]
    is_down = bool(ends) and "restart" not in ends[-1]
    return {**fault, "down": 0.0 if is_down else down}


def printer() -> Callable[[Line], None]:
    """Prints each line as it comes; on a terminal each program has a colour."""
    if not sys.stdout.isatty():
        return lambda line: print(line)
    from rich.text import Text

    from mqsim.cli.show import HUES, console

    out, hues = console(), dict[str, str]()

    def tell(line: Line) -> None:
        hue = hues.setdefault(line.who, "white" if line.who == "broker" else HUES[len(hues) % len(HUES)])
        style = "bold red" if line.stream == "stderr" else f"dim {hue}" if line.stream == "event" else hue
        out.print(Text(str(line), style=style), soft_wrap=True)

    return tell


def numbers_of(result: ProgramsResult) -> dict[str, Any]:
    """What `--json` prints: how the programs ended, what they printed, what became of their messages."""
    from mqsim.guest.host.transcript import cut
    from mqsim.trace.timeline import text_of

    messages = _records(result.messages)
    for row, message in enumerate(messages):
        message["text"] = text_of(result.trace, row) or None
    return {
        "programs": [run._asdict() for run in result.programs],
        "lines": [{**line._asdict(), "t": cut(line.t)} for line in result.lines],
        "messages": messages,
        "deliveries": _records(result.deliveries),
        "outcome": result.outcome,
    }


def _records(frame: Any) -> list[dict[str, Any]]:
    """A table as a list of objects; what is absent is None."""
    columns = {name: frame[name].tolist() for name in frame.columns}
    rows = zip(*columns.values(), strict=True)
    return [
        {name: None if value != value else value for name, value in zip(columns, row, strict=True)}
        for row in rows
    ]
