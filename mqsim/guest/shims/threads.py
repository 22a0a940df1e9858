"""A guest's `_thread`: locks and threads on greenlets.

`threading`, `queue`, `concurrent.futures` and the rest are the standard library's own source, executed afresh
for each guest on top of this (see `modules`). A thread runs until it waits. A lock that is released wakes the
first that waits for it, who may find it taken again, as with the real ones.
"""

from __future__ import annotations

import _thread as real
import signal
from collections import deque
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from mqsim.guest.kernel.runtime import Task, current, inside
from mqsim.guest.kernel.ticks import ceil_ticks
from mqsim.guest.kernel.tracebacks import describe
from mqsim.guest.shims.copies import copied
from mqsim.guest.shims.threading_local import Local

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime


class Lock:
    """What `threading.Lock()` makes inside a guest."""

    __slots__ = ("__weakref__", "_locked", "_waiters")

    def __init__(self) -> None:
        self._locked = False
        self._waiters: deque[Task] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it; whether that worked."""
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if not self._locked:
            self._locked = True
            return True
        if not blocking or timeout == 0:
            runtime = current()
            if runtime is not None:
                runtime.idle()
            return self._take()
        return self._wait(timeout)

    def _take(self) -> bool:
        if self._locked:
            return False
        self._locked = True
        return True

    def _wait(self, timeout: float) -> bool:
        runtime = inside()
        end = None if timeout < 0 else runtime.now + ceil_ticks(timeout)
        task = getcurrent()
        assert isinstance(task, Task)
        self._waiters.append(task)
        try:
            while not self._take():
                woken = runtime.park_for(None if end is None else max(0, end - runtime.now))
                if not woken and not self._take():
                    return False
                if not woken:
                    return True
            return True
        finally:
            self._waiters.remove(task)
            if not self._locked:
                self._wake_next()

    def release(self) -> None:
        """Give it back."""
        if not self._locked:
            raise RuntimeError("release unlocked lock")
        self._locked = False
        self._wake_next()

    def _wake_next(self) -> None:
        if self._waiters:
            task = self._waiters[0]
            task.runtime.wake(task)

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._locked

    def _at_fork_reinit(self) -> None:
        self._locked = False

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    acquire_lock, release_lock, locked_lock = acquire, release, locked


class Handle:
    """Python 3.13's `_ThreadHandle`: what `Thread.join` waits on."""

    def __init__(self, ident: int | None = None) -> None:
        self.ident = ident
        self._done = False
        self._waiters: list[Task] = []

    def is_done(self) -> bool:
        """Whether the thread has ended."""
        return self._done

    def _set_done(self) -> None:
        self._done = True
        for task in self._waiters:
            task.runtime.wake(task)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread to end."""
        runtime = inside()
        end = None if timeout is None or timeout < 0 else runtime.now + ceil_ticks(timeout)
        task = getcurrent()
        assert isinstance(task, Task)
        self._waiters.append(task)
        try:
            while not self._done:
                if not runtime.park_for(None if end is None else max(0, end - runtime.now)):
                    return
        finally:
            self._waiters.remove(task)


def _ident() -> int:
    task = getcurrent()
    return task.ident if isinstance(task, Task) else real.get_ident()


class Threads:
    """One guest's functions of `_thread`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._joinable: list[Handle] = []

    def start_new_thread(
        self, function: Callable[..., object], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
    ) -> int:
        """Start a thread; its number."""
        return self._start(lambda: function(*args, **(kwargs or {}))).ident

    def _start(self, call: Callable[[], object], ended: Callable[[], None] | None = None) -> Task:
        runtime = self._runtime

        def body() -> None:
            try:
                call()
            except SystemExit:
                pass
            except BaseException as error:
                runtime.complain(f"Exception ignored in a thread:\n{describe(runtime, error)}")
            task = getcurrent()
            if isinstance(task, Task) and task.sentinel is not None:
                task.sentinel()
            if ended is not None:
                ended()

        return runtime.spawn(body)

    def set_sentinel(self) -> Lock:
        """A lock that is released when the calling thread ends (until Python 3.12)."""
        lock = Lock()
        task = getcurrent()
        assert isinstance(task, Task)

        def release() -> None:
            if lock.locked():
                lock.release()

        task.sentinel = release
        return lock

    def start_joinable_thread(
        self, function: Callable[[], object], handle: Handle | None = None, daemon: bool = True
    ) -> Handle:
        """Start a thread that can be joined (from Python 3.13)."""
        started = handle if handle is not None else Handle()
        started.ident = self._start(function, started._set_done).ident
        if not daemon:
            self._joinable.append(started)
        return started

    def shutdown(self) -> None:
        """Wait for all threads that are no daemons (from Python 3.13)."""
        for handle in self._joinable:
            handle.join()

    def interrupt_main(self, signum: int = signal.SIGINT) -> None:
        """Send the main thread a signal."""
        self._runtime.signal(signum)

    def excepthook(self, args: Any) -> None:
        """`threading.excepthook`: what an exception that ends a thread looks like."""
        if args.exc_type is not SystemExit:
            name = "<unknown>" if args.thread is None else args.thread.name
            text = describe(self._runtime, args.exc_value, args.exc_traceback)
            self._runtime.complain(f"Exception in thread {name}:\n{text}")


def thread_module(runtime: Runtime) -> ModuleType:
    """A guest's `_thread`. It lacks the RLock that is written in C: `threading` takes its own, in Python."""
    threads = Threads(runtime)
    module = copied(
        real,
        allocate_lock=Lock,
        allocate=Lock,
        LockType=Lock,
        _local=Local,
        get_ident=_ident,
        get_native_id=lambda: runtime.program.pid + (_ident() & 0xFFFF) - 1,
        start_new_thread=threads.start_new_thread,
        start_new=threads.start_new_thread,
        interrupt_main=threads.interrupt_main,
        stack_size=lambda size=0: 0,
        _excepthook=threads.excepthook,
    )
    del module.RLock
    if hasattr(real, "_set_sentinel"):
        module.__dict__.update(_set_sentinel=threads.set_sentinel)
    if hasattr(real, "_ThreadHandle"):
        module.__dict__.update(
            lock=Lock,
            _ThreadHandle=Handle,
            _make_thread_handle=Handle,
            _get_main_thread_ident=lambda: runtime.main.ident,
            start_joinable_thread=threads.start_joinable_thread,
            _shutdown=threads.shutdown,
        )
    return module
