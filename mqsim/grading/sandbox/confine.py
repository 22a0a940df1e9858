"""What the fork server, and each program's process, do to themselves before a program begins."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass

from mqsim.grading.sandbox import landlock, syscalls

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_PROCESSOR_SECONDS = 30
_MEMORY = 1 << 30
_FILE = 1 << 20
_DESCRIPTORS = 64
_PROCESSES = 64


@dataclass(frozen=True)
class Plan:
    """How programs are confined.

    Attributes:
        level: 3 to 0; see the package.
        room: the folder in which programs may write; it is emptied between runs.
        readable: what they may read, where Landlock holds.
        uid: the user that they run as; 0: the server's own.
        landlock: whether there is Landlock.
        filtered: whether system calls are filtered.
        alone: whether the server is the first process of a namespace of its own.
    """

    level: int
    room: str
    readable: tuple[str, ...] = ()
    uid: int = 0
    landlock: bool = False
    filtered: bool = False
    alone: bool = False

    def to_data(self) -> dict[str, object]:
        """As JSON holds it."""
        return asdict(self)


class Confined:
    """Confines programs by a plan: a `Confinement` of the fork server.

    Raises:
        OSError: something that the plan says can't be done here.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rules = -1
        self._places = 0
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            # Nobody of the same user reads the server's memory; what a guest leaves behind becomes its child.
            libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if plan.landlock:
            self._rules = landlock.ruleset(plan.readable, [plan.room])
        if plan.filtered:
            syscalls.instructions(1)  # fails here rather than in each guest

    def enter(self, _: str) -> None:
        """Confine this process: a folder of its own, limits, another user, no files, no system calls."""
        plan = self._plan
        place = os.path.join(plan.room, str(os.getpid()))
        os.mkdir(place, 0o700)
        for what, most in (
            (resource.RLIMIT_CPU, _PROCESSOR_SECONDS),
            (resource.RLIMIT_AS, _MEMORY),
            (resource.RLIMIT_FSIZE, _FILE),
            (resource.RLIMIT_NOFILE, _DESCRIPTORS),
            (resource.RLIMIT_CORE, 0),
        ):
            _limit(what, most)
        if plan.uid:
            os.chown(place, plan.uid, plan.uid)
            os.setgroups([])
            os.setresgid(plan.uid, plan.uid, plan.uid)
            _limit(resource.RLIMIT_NPROC, _PROCESSES)
            os.setresuid(plan.uid, plan.uid, plan.uid)
        os.chdir(place)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
        if self._rules >= 0:
            landlock.restrict(self._rules)
            os.close(self._rules)
        if plan.filtered:
            syscalls.restrict()

    def clear(self) -> None:
        """End whatever still runs, and empty the folder in which programs may write."""
        if self._plan.alone:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            _end_descendants()
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        _empty(self._plan.room)


def _limit(what: int, most: int) -> None:
    """Set a resource limit, but never above the one that holds already."""
    _, hard = resource.getrlimit(what)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (least, least))


def _empty(room: str) -> None:
    """Delete all that is in a folder, however deep it is nested and whatever its permissions: folders within
    folders are moved to the top first, so that no path and no recursion grows long.
    """
    number = 0
    while names := os.listdir(room):
        for name in names:
            path = os.path.join(room, name)
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
                continue
            os.chmod(path, 0o700)
            with os.scandir(path) as entries:
                inside = list(entries)
            for entry in inside:
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                os.chmod(entry.path, 0o700)
                while os.path.lexists(top := os.path.join(room, str(number))):
                    number += 1
                os.rename(entry.path, top)
            os.rmdir(path)


def _end_descendants() -> None:
    """Kill this process's children until there are none: a child that dies hands its own to us."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                children = [int(word) for word in file.read().split()]
        except OSError:
            return
        if not children:
            return
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
