"""A guest's `select`: select, poll and epoll over emulated sockets, level-triggered as on Linux.

It is the same on every platform, so that a transcript is.
"""

from __future__ import annotations

import errno
import select as real
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from greenlet import getcurrent

from mqsim.guest.kernel.runtime import Task, inside
from mqsim.guest.kernel.ticks import ceil_ticks
from mqsim.guest.shims.copies import as_builtin
from mqsim.guest.shims.socket import oserror

if TYPE_CHECKING:
    from mqsim.guest.kernel.descriptors import Descriptor
    from mqsim.guest.kernel.runtime import Runtime

IN, PRI, OUT, ERR, HUP, NVAL, RDHUP = 1, 2, 4, 8, 16, 32, 0x2000

_FLAGS = {
    "POLLIN": IN,
    "POLLPRI": PRI,
    "POLLOUT": OUT,
    "POLLERR": ERR,
    "POLLHUP": HUP,
    "POLLNVAL": NVAL,
    "POLLRDNORM": 0x40,
    "POLLRDHUP": RDHUP,
    "EPOLLIN": IN,
    "EPOLLPRI": PRI,
    "EPOLLOUT": OUT,
    "EPOLLERR": ERR,
    "EPOLLHUP": HUP,
    "EPOLLRDHUP": RDHUP,
    "EPOLLET": 1 << 31,
    "EPOLLONESHOT": 1 << 30,
    "EPOLL_CLOEXEC": 0x80000,
    "PIPE_BUF": 4096,
}

PIKA_POLL = 5
"""Seconds after which a poll of pika's ends by itself. In virtual time it does so only where it matters: a
signal's handler has run, and the program may look again at what it waits for."""

Answer = TypeVar("Answer", bound=Sequence[Any])


def number_of(thing: Any) -> int:
    """The descriptor that is meant: a number, or something with `fileno()`."""
    number = thing if isinstance(thing, int) else thing.fileno()
    if not isinstance(number, int):
        raise TypeError("argument must be an int, or have a fileno() method.")
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return number


def _await(
    runtime: Runtime,
    sockets: Callable[[], Iterable[Descriptor]],
    look: Callable[[], Answer],
    limit: float | None,
) -> Answer:
    """Wait for at most `limit` seconds until `look()` finds something; what it found last."""
    found = look()
    if any(found):
        runtime.effort()
        return found
    if limit is not None and limit <= 0:
        runtime.idle()
        return look()
    deadline = None if limit is None or limit == float("inf") else runtime.now + ceil_ticks(limit)
    park = runtime.park if runtime.only_heartbeats else runtime.park_until
    round_of_poll, began = ceil_ticks(runtime.poll_round), runtime.now
    passes_heartbeats = runtime.passes_heartbeats
    runtime.only_heartbeats, runtime.poll_round, runtime.passes_heartbeats = False, 0.0, None
    task = getcurrent()
    assert isinstance(task, Task)
    task.interrupted = False
    watched = list(sockets())
    for socket in watched:
        socket.watchers.append(task)
    if passes_heartbeats is not None and passes_heartbeats(watched) is None:
        passes_heartbeats = None  # such as a socket that is about to be connected
    runtime.dozing += passes_heartbeats is not None
    try:
        while True:
            woken = park(deadline)
            if passes_heartbeats is not None and not task.interrupted:
                wait = passes_heartbeats(watched)
                if wait is not None:
                    deadline = runtime.now + ceil_ticks(wait)
                    continue
            found = look()
            if any(found) or not woken:
                return found
            if task.interrupted and round_of_poll:
                rounds = -((began - runtime.now) // round_of_poll)
                ends = began + max(1, rounds) * round_of_poll
                deadline = ends if deadline is None else min(deadline, ends)
                park = runtime.park_until
    finally:
        runtime.dozing -= passes_heartbeats is not None
        for socket in watched:
            socket.watchers.remove(task)


class Poll:
    """What `select.poll()` makes; timeouts are milliseconds."""

    _unit = 1000.0
    _default = IN | PRI | OUT

    def __init__(self) -> None:
        self._runtime = inside()
        self._masks: dict[int, int] = {}
        self._closed = False

    def register(self, fd: Any, eventmask: int | None = None) -> None:
        """Watch a socket."""
        self._masks[number_of(fd)] = self._default if eventmask is None else eventmask

    def modify(self, fd: Any, eventmask: int) -> None:
        """Watch a socket for something else."""
        number = number_of(fd)
        if number not in self._masks:
            raise oserror(errno.ENOENT)
        self._masks[number] = eventmask

    def unregister(self, fd: Any) -> None:
        """Watch a socket no more."""
        del self._masks[number_of(fd)]

    def _sockets(self) -> list[Descriptor]:
        descriptors = self._runtime.descriptors
        return [descriptors[fd] for fd in self._masks if fd in descriptors]

    def _closed_mask(self) -> int:
        return NVAL

    def _happened(self, fd: int, mask: int) -> int:
        socket = self._runtime.descriptors.get(fd)
        if socket is None:
            return self._closed_mask()
        happened = mask & IN if socket.readable() else 0
        if mask & OUT and socket.writable():
            happened |= OUT
        if socket.failed():
            happened |= ERR
        if socket.hung_up():
            happened |= HUP
        return happened

    def _look(self) -> list[tuple[int, int]]:
        found = []
        for fd, mask in self._masks.items():
            happened = self._happened(fd, mask)
            if happened:
                found.append((fd, happened))
        return found

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """Wait for what was registered."""
        limit = None if timeout is None or timeout < 0 else timeout / self._unit
        return _await(self._runtime, self._sockets, self._look, limit)


class Epoll(Poll):
    """What `select.epoll()` makes; timeouts are seconds. A socket that is closed is forgotten.

    Sockets that are ready are told in the order in which they became so, as Linux does it; one that is ready
    for what it is newly watched for, from then on.
    """

    _unit = 1.0

    def __init__(self, sizehint: int = -1, flags: int = 0) -> None:
        super().__init__()
        self._number = self._runtime.new_fd()
        self._ready: dict[int, None] = {}

    def _closed_mask(self) -> int:
        return 0

    def _look(self) -> list[tuple[int, int]]:
        happened = dict(super()._look())
        ready, descriptors = self._ready, self._runtime.descriptors
        for number in [number for number in ready if number not in happened]:
            del ready[number]
        fresh = [number for number in happened if number not in ready]
        if len(fresh) > 1:
            fresh.sort(key=lambda number: descriptors[number].changed)
        ready.update(dict.fromkeys(fresh))
        for number in happened:
            descriptors[number].changed = 0
        return [(number, happened[number]) for number in ready]

    def register(self, fd: Any, eventmask: int | None = None) -> None:
        """Watch a socket."""
        number = number_of(fd)
        if number in self._masks and number in self._runtime.descriptors:
            raise oserror(errno.EEXIST)
        if number not in self._runtime.descriptors:
            raise oserror(errno.EBADF)
        super().register(number, eventmask)
        self._note(number)

    def modify(self, fd: Any, eventmask: int) -> None:
        """Watch a socket for something else."""
        super().modify(fd, eventmask)
        self._note(number_of(fd))

    def _note(self, number: int) -> None:
        if self._happened(number, self._masks[number]):
            self._ready.setdefault(number)

    def unregister(self, fd: Any) -> None:
        """Watch a socket no more."""
        number = number_of(fd)
        self._ready.pop(number, None)
        if self._masks.pop(number, None) is None:
            raise oserror(errno.ENOENT)
        if number not in self._runtime.descriptors:
            raise oserror(errno.EBADF)

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> list[tuple[int, int]]:
        """Wait for what was registered."""
        if self._closed:
            raise ValueError("I/O operation on closed epoll object")
        found = super().poll(timeout)
        return found if maxevents < 0 else found[:maxevents]

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._masks.clear()
        self._ready.clear()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def fileno(self) -> int:
        """Its number."""
        return self._number

    def __enter__(self) -> Epoll:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _select(
    rlist: Sequence[Any], wlist: Sequence[Any], xlist: Sequence[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    runtime = inside()
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    reading = [(thing, number_of(thing)) for thing in rlist]
    writing = [(thing, number_of(thing)) for thing in wlist]
    numbers = [number for _, number in reading + writing] + [number_of(thing) for thing in xlist]
    descriptors = runtime.descriptors
    if any(number not in descriptors for number in numbers):
        raise oserror(errno.EBADF)

    def look() -> tuple[list[Any], list[Any], list[Any]]:
        return (
            [thing for thing, fd in reading if fd not in descriptors or descriptors[fd].readable()],
            [thing for thing, fd in writing if fd not in descriptors or descriptors[fd].writable()],
            [],
        )

    return _await(runtime, lambda: [descriptors[number] for number in numbers], look, timeout)


def select_module(runtime: Runtime) -> ModuleType:
    """A guest's `select`."""
    module = ModuleType("select", real.__doc__)
    module.__dict__.update(
        _FLAGS, select=as_builtin("select", _select), poll=Poll, epoll=Epoll, error=OSError
    )
    return module
