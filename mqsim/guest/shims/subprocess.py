"""A guest's `subprocess`, `os.system` and `os.popen`: children that stay in the simulation.

A child that is Python runs in virtual time, within its parent's process, while that waits for it. `sleep`
takes its seconds. A few commands that only read and print run as they are, and take no time. Everything else
is refused: nobody could see what it does, or say how long it takes.

A child's output goes where its parent sends it; without that it goes into the transcript.
"""

from __future__ import annotations

import io
import os as real_os
import shlex
import subprocess as real
import sys
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, NoReturn

from mqsim.guest.kernel.runtime import inside
from mqsim.guest.kernel.ticks import ceil_ticks
from mqsim.guest.kernel.tracebacks import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime

_NAMES = """
[ basename cat cut dirname echo expr false grep head ls md5sum printf pwd seq sha256sum sort tail test tr true
uname uniq wc whoami
"""
READ_ONLY = frozenset(_NAMES.split())
"""Commands that only read and print."""

_PATIENCE = 30.0
"""Seconds of real time after which such a command is given up."""

_SEPARATORS = {";", "&&", "||", "|"}
_REFUSED_IN_SHELLS = set("<>&`$(){}\n")


class ChildRefusedError(PermissionError):
    """A child that can't be in the simulation."""


def _refuse(command: str) -> ChildRefusedError:
    runtime = inside()
    runtime.remark(
        f"wants to run {command}, which is refused: in virtual time children are Python programs, `sleep`, "
        "or commands that only read and print"
    )
    return ChildRefusedError(1, f"{command} can't run in virtual time")


def _words(args: Any, shell: bool) -> list[list[str]]:
    """The commands of a command line, each as its words.

    Raises:
        ChildRefusedError: it has more to it than commands in a row.
    """
    if not shell:
        listed = [args] if isinstance(args, str | bytes | real_os.PathLike) else list(args)
        return [[real_os.fsdecode(each) for each in listed]]
    line = args if isinstance(args, str) else " ".join(map(str, args))
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word in (";", "&&"):
                found.append([])
            elif word in _SEPARATORS or set(word) <= _REFUSED_IN_SHELLS or "`" in word or "$(" in word:
                raise _refuse(line)
            else:
                found[-1].append(word)
    except ValueError:
        raise _refuse(line) from None
    return [words for words in found if words]


class Popen:
    """What `subprocess.Popen` makes inside a guest. The child runs when its parent first waits for it.

    Attributes:
        args: as given.
        pid: its number.
        returncode: its status; None before it has ended.
        stdin, stdout, stderr: its pipes, where there are any.
    """

    def __init__(
        self,
        args: Any,
        bufsize: int = -1,
        executable: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        preexec_fn: Any = None,
        close_fds: bool = True,
        shell: bool = False,
        cwd: Any = None,
        env: Mapping[str, str] | None = None,
        universal_newlines: bool | None = None,
        *_: Any,
        text: bool | None = None,
        encoding: str | None = None,
        errors: str | None = None,
        **__: Any,
    ) -> None:
        self._runtime = inside()
        self.args = args
        self.returncode: int | None = None
        self.pid = self._runtime.program.pid + self._runtime.new_fd() % 1000 + 1
        self._commands = _words(args, shell)
        self._outputs = {1: stdout, 2: stderr}
        self._said: dict[int, bytes] = {1: b"", 2: b""}
        self._text = bool(text or universal_newlines or encoding or errors)
        self._encoding = encoding or "utf-8"
        self._cwd, self._env = cwd, env
        self._killed = 0
        self.stdin: Any = _Pipe(self) if stdin == real.PIPE else None
        self.stdout: Any = _Pipe(self, 1) if stdout == real.PIPE else None
        self.stderr: Any = _Pipe(self, 2) if stderr == real.PIPE else None
        for words in self._commands:
            self._check(words)

    def _check(self, words: list[str]) -> None:
        name = real_os.path.basename(words[0])
        if not (self._is_python(words) or name == "sleep" or name in READ_ONLY):
            raise _refuse(" ".join(words))

    @staticmethod
    def _is_python(words: list[str]) -> bool:
        name = real_os.path.basename(words[0])
        return len(words) > 1 and (words[0] == sys.executable or name.rstrip("0123456789.") == "python")

    # -- running ---------------------------------------------------------------------------------------------

    def run(self, data: bytes = b"", timeout: float | None = None) -> None:
        """Run to the end; a second call does nothing.

        Raises:
            TimeoutExpired: it takes longer than `timeout` seconds. A `sleep` is still at it then; what else
                there is has run to its end, and the time is over later than it should be.
        """
        if self.returncode is not None:
            return
        runtime = self._runtime
        ends = None if timeout is None else runtime.now + ceil_ticks(timeout)
        status = 0
        for words in self._commands:
            name = real_os.path.basename(words[0])
            if self._is_python(words):
                status = self._run_python(words[1:], data)
            elif name == "sleep":
                ticks = ceil_ticks(sum(map(float, words[1:])))
                left = ticks if ends is None else ends - runtime.now
                runtime.sleep(min(ticks, left))
                if ticks > left:
                    self._expire(timeout)
                status = 0
            else:
                status = self._run_real(words, data)
            if status:
                break
        if ends is not None and runtime.now > ends:
            self._expire(timeout)
        self.returncode = -self._killed if self._killed else status

    def _expire(self, timeout: float | None) -> NoReturn:
        assert timeout is not None
        raise real.TimeoutExpired(self.args, timeout)

    def _run_real(self, words: list[str], data: bytes) -> int:
        runtime = self._runtime
        runtime.may_leave = True
        try:
            env = dict(self._env) if self._env is not None else {**real_os.environ, "LC_ALL": "C"}
            with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as error:
                given.write(data)
                given.seek(0)
                child = real.Popen(words, stdin=given, stdout=out, stderr=error, cwd=self._cwd, env=env)
                status = child.wait(_PATIENCE)
                for stream, file in ((1, out), (2, error)):
                    file.seek(0)
                    self._say(stream, file.read())
        finally:
            runtime.may_leave = False
        return status

    def _run_python(self, words: list[str], data: bytes) -> int:
        while words and words[0].startswith("-") and words[0] not in ("-c", "-m", "-"):
            words = words[1:]
        if len(words) > 1 and words[0] == "-c":
            source, path, arguments = words[1], "<string>", ["-c", *words[2:]]
        elif words and words[0] not in ("-c", "-m", "-"):
            try:
                with open(words[0], encoding="utf-8") as file:
                    source, path, arguments = file.read(), words[0], words
            except OSError as failure:
                told = f"python: can't open file '{words[0]}': [Errno {failure.errno}] {failure.strerror}\n"
                self._say(2, told.encode())
                return 2
        else:
            raise _refuse(" ".join(["python", *words]))
        out, error = _Output(self, 1), _Output(self, 2)
        runtime = self._runtime
        with _streams(arguments, io.TextIOWrapper(io.BytesIO(data)), out, error):
            try:
                runtime.sources.setdefault(path, source.splitlines())
                names = {"__name__": "__main__", "__file__": path, "__builtins__": runtime.importer.builtins}
                exec(compile(source, path, "exec", dont_inherit=True), names)
            except SystemExit as end:
                return end.code & 0xFF if isinstance(end.code, int) else int(end.code is not None)
            except Exception as failure:
                error.write(describe(runtime, failure))
                return 1
        return 0

    def _say(self, stream: int, data: bytes) -> None:
        """The child's output."""
        target = self._outputs[stream]
        if stream == 2 and target == real.STDOUT:
            stream, target = 1, self._outputs[1]
        if target is None:
            if data:
                self._runtime.write(stream, data)
        elif target == real.PIPE:
            self._said[stream] += data
        elif target != real.DEVNULL:
            number = target if isinstance(target, int) else target.fileno()
            if number in (1, 2):
                self._runtime.write(number, data)
            elif data:
                if hasattr(target, "flush"):
                    target.flush()
                real_os.write(number, data)

    # -- what its parent does --------------------------------------------------------------------------------

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Run it; what it printed, where that was to be kept."""
        given = input if input is not None else (self.stdin.taken() if self.stdin is not None else b"")
        self.run(given.encode(self._encoding) if isinstance(given, str) else bytes(given), timeout)
        return self._kept(1), self._kept(2)

    def _kept(self, stream: int) -> Any:
        if self._outputs[stream] != real.PIPE:
            return None
        data = self._said[stream]
        return data.decode(self._encoding) if self._text else data

    def wait(self, timeout: float | None = None) -> int:
        """Run it; its status."""
        self.communicate(timeout=timeout)
        assert self.returncode is not None
        return self.returncode

    def poll(self) -> int | None:
        """Its status; it has run by then."""
        return self.wait()

    def send_signal(self, number: int) -> None:
        """A child that has not begun ends by that signal."""
        if self.returncode is None:
            self._killed, self._commands = number, []

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(15)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(9)

    def __enter__(self) -> Popen:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


class _Output(io.TextIOBase):
    """A Python child's stream."""

    def __init__(self, child: Popen, stream: int) -> None:
        self._child = child
        self._stream = stream

    def write(self, text: str) -> int:
        self._child._say(self._stream, text.encode())
        return len(text)

    def writable(self) -> bool:
        return True


class _Pipe(io.RawIOBase):
    """A parent's end of a pipe."""

    def __init__(self, child: Popen, stream: int = 0) -> None:
        self._child = child
        self._stream = stream
        self._written = b""
        self._reader: Any = None

    def write(self, data: Any) -> int:
        self._written += data.encode() if isinstance(data, str) else bytes(data)
        return len(data)

    def taken(self) -> bytes:
        data, self._written = self._written, b""
        return data

    def _all(self) -> Any:
        if self._reader is None:
            self._child.communicate()
            kept = self._child._kept(self._stream)
            self._reader = io.StringIO(kept) if isinstance(kept, str) else io.BytesIO(kept)
        return self._reader

    def read(self, size: int = -1) -> Any:
        return self._all().read(size)

    def readline(self, size: int | None = -1) -> Any:
        return self._all().readline(size)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())


@contextmanager
def _streams(arguments: Sequence[str], given: Any, out: Any, error: Any) -> Iterator[None]:
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv, sys.stdin, sys.stdout, sys.stderr = list(arguments), given, out, error
    try:
        yield
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before


def settle_subprocess(runtime: Runtime, module: ModuleType) -> None:
    """Have a guest's own `subprocess` make these children."""
    module.__dict__.update({name: getattr(real, name) for name in ("CalledProcessError", "TimeoutExpired")})
    module.__dict__["Popen"] = Popen


def system(command: str) -> int:
    """A guest's `os.system`: the status as `wait` gives it."""
    return Popen(command, shell=True).wait() << 8


def popen(command: str, mode: str = "r", buffering: int = -1) -> io.StringIO:
    """A guest's `os.popen`."""
    return io.StringIO(Popen(command, shell=True, stdout=real.PIPE, text=True).communicate()[0])
