"""Which levels of the sandbox this machine offers, why not the others, and how to get more."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.grading.sandbox import bubblewrap, landlock, syscalls
from mqsim.grading.sandbox.confine import Plan
from mqsim.guest.carriers.fork_server import CLEAN, ForkServer
from mqsim.guest.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_USER = 64_300
"""The first of the users that programs run as; nobody else on a machine has these numbers."""

_USERS = 200
_LONGEST_MESSAGE = 8 << 20

WORDS = {
    3: "bubblewrap with its own namespaces, another user (as root), Landlock, a system-call filter, limits",
    2: "another user, Landlock, a system-call filter, limits",
    1: "Landlock, a system-call filter, limits, as your own user",
    0: "limits alone: no protection from a program that means harm",
}


@dataclass(frozen=True)
class Level:
    """One level of the sandbox.

    Attributes:
        number: 3 (the strongest) to 0.
        lacks: what stands in its way here, as sentences; empty: it is there.
    """

    number: int
    lacks: tuple[str, ...]

    @property
    def offered(self) -> bool:
        """Whether it can be had."""
        return not self.lacks


def levels() -> list[Level]:
    """Every level, the strongest first."""
    linux = () if sys.platform == "linux" else ("It needs Linux; use a Linux machine or a container.",)
    kernel = linux or _of_the_kernel()
    return [
        Level(3, (*kernel, *_of_bubblewrap())),
        Level(2, (*kernel, *_of_another_user())),
        Level(1, kernel),
        Level(0, () if hasattr(os, "fork") else ("It needs fork, which this system does not have.",)),
    ]


def _of_the_kernel() -> tuple[str, ...]:
    lacks = []
    if not landlock.version():
        lacks.append("The kernel has no Landlock: it needs Linux 5.13 with `landlock` among its `lsm=`.")
    if not syscalls.known():
        lacks.append(f"There is no filter of system calls for {platform.machine()} on this kernel.")
    return tuple(lacks)


def _of_bubblewrap() -> tuple[str, ...]:
    if sys.platform == "linux" and bubblewrap.program() is None:
        return ("bubblewrap is not installed: `apt install bubblewrap`, or your system's way.",)
    return ()


def _of_another_user() -> tuple[str, ...]:
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return ("Only root can run programs as another user.",)
    closed = [path for path in bubblewrap.needed() if not _anybody_reaches(path)]
    if closed:
        return (
            f"{closed[0]} can't be reached by another user, because a folder above it is private: install "
            "Python and mqsim in a place that all can read.",
        )
    return ()


def _anybody_reaches(path: str) -> bool:
    return all(os.stat(above).st_mode & 0o001 for above in Path(path).parents)


def strongest(at_least: int = 0) -> int:
    """The strongest level that works here; it is tried, not only asked for.

    Args:
        at_least: refuse less.

    Raises:
        UsageError: there is none, or none as strong as that.
    """
    whys = []
    for level in levels():
        if level.number < at_least:
            break
        if not level.offered:
            whys.append(f"Level {level.number}: {' '.join(level.lacks)}")
            continue
        try:
            attempt(level.number)
        except UsageError as error:
            whys.append(f"Level {level.number}: {error}")
        else:
            return level.number
    raise UsageError(f"no sandbox of level {at_least} or more is to be had here. {' '.join(whys)}")


def attempt(number: int) -> None:
    """Start a sandbox of that level, run an empty program in it, and clear it away.

    Raises:
        UsageError: it does not work, or lacks something without which some programs would not work in it.
    """
    lacks = [sentence for level in levels() if level.number == number for sentence in level.lacks]
    if lacks:
        raise UsageError(f"level {number} of the sandbox can't be had here: {' '.join(lacks)}")
    with tempfile.TemporaryDirectory(prefix="mqsim-try-") as folder, confined(number, Path(folder)) as server:
        carrier = server(Program("try-1", "", "/submission/try.py"))
        carrier.resume(0, [])
        carrier.kill()
        server.clear()


@contextmanager
def confined(number: int, submission: Path, slot: int = 0) -> Iterator[ForkServer]:
    """A fork server in a sandbox of that level.

    Args:
        number: the level.
        submission: the folder of submitted files.
        slot: tells sandboxes apart that are open at one time.

    Raises:
        UsageError: it does not start.
    """
    uid = _USER + slot % _USERS if number >= 2 and os.getuid() == 0 else 0
    if uid:
        _open_to_all(submission)
    if number == 3:
        plan = Plan(3, bubblewrap.ROOM, ("/",), uid, True, True, True)
        with _served(plan, lambda command: bubblewrap.arguments(submission, command, CLEAN)) as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="mqsim-room-") as room:
        if uid:
            os.chmod(room, 0o711)
        readable = (*bubblewrap.needed(), str(submission), *_further())
        plan = Plan(number, room, readable, uid, number >= 1, number >= 1)
        with _served(plan, lambda command: command) as server:
            yield server


def _further() -> Iterator[str]:
    """What is read at levels without a view of their own."""
    return (path for path in ("/lib", "/lib64", "/dev/null", "/dev/urandom") if os.path.exists(path))


def _open_to_all(folder: Path) -> None:
    """Let another user read the submission, which holds nothing but plain files."""
    os.chmod(folder, 0o755)
    for path in folder.rglob("*"):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)


@contextmanager
def _served(plan: Plan, wrapped: Callable[[list[str]], list[str]]) -> Iterator[ForkServer]:
    given = json.dumps({"path": list(map(os.path.abspath, sys.path)), "plan": plan.to_data()})
    inside = str(Path(__file__).with_name("inside.py"))

    def command(descriptor: int) -> list[str]:
        python = [os.path.realpath(sys.executable), "-s", "-P", "-B", inside, str(descriptor), given]
        return wrapped(python)

    with ForkServer(command, environment=CLEAN, longest=_LONGEST_MESSAGE) as server:
        yield server
