"""A guest's `multiprocessing`: what of it starts no process, the count of cores and pools of threads."""

from __future__ import annotations

import importlib
import os as real_os
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from mqsim.guest.shims.copies import as_builtin

if TYPE_CHECKING:
    from mqsim.guest.kernel.runtime import Runtime

NO_PROCESSES = "a program in virtual time can't start other processes; use threads, or run several programs"


def _refusing(name: str) -> Any:
    def __getattr__(attribute: str) -> NoReturn:  # noqa: N807
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise ImportError(f"{name}.{attribute}: {NO_PROCESSES}")

    return __getattr__


def multiprocessing_module(runtime: Runtime) -> ModuleType:
    """A guest's `multiprocessing`."""
    module = ModuleType("multiprocessing", "Without processes.")
    module.__dict__.update(
        __path__=[],
        __getattr__=_refusing("multiprocessing"),
        cpu_count=as_builtin("cpu_count", lambda: real_os.cpu_count() or 1),
        TimeoutError=importlib.import_module("multiprocessing").TimeoutError,
    )
    return module


def pool_module(runtime: Runtime) -> ModuleType:
    """A guest's `multiprocessing.pool`."""
    module = ModuleType("multiprocessing.pool", "Pools of threads.")
    module.__dict__.update(__getattr__=_refusing("multiprocessing.pool"), ThreadPool=ThreadPool)
    return module


def dummy_module(runtime: Runtime) -> ModuleType:
    """A guest's `multiprocessing.dummy`."""
    module = ModuleType("multiprocessing.dummy", "Pools of threads.")
    module.__dict__.update(__getattr__=_refusing("multiprocessing.dummy"), Pool=ThreadPool)
    return module


class ThreadPool:
    """What `multiprocessing.pool.ThreadPool` is inside a guest, over `concurrent.futures`."""

    def __init__(self, processes: int | None = None, initializer: Any = None, initargs: Any = ()) -> None:
        from mqsim.guest.kernel.runtime import inside

        futures: Any = inside().module("concurrent.futures")
        count = processes or real_os.cpu_count() or 1
        self._executor = futures.ThreadPoolExecutor(count, initializer=initializer, initargs=tuple(initargs))

    def map(self, function: Any, items: Any, chunksize: int | None = None) -> list[Any]:
        """The function of each, in order."""
        return list(self._executor.map(function, items))

    def imap(self, function: Any, items: Any, chunksize: int = 1) -> Any:
        """The same, one by one."""
        return self._executor.map(function, items)

    imap_unordered = imap

    def starmap(self, function: Any, items: Any, chunksize: int | None = None) -> list[Any]:
        """The function of each tuple's parts, in order."""
        return [future.result() for future in [self._executor.submit(function, *item) for item in items]]

    def apply(self, function: Any, args: Any = (), kwds: Any = None) -> Any:
        """The function's result."""
        return self._executor.submit(function, *args, **(kwds or {})).result()

    def apply_async(
        self,
        function: Any,
        args: Any = (),
        kwds: Any = None,
        callback: Any = None,
        error_callback: Any = None,
    ) -> _Result:
        """The function's result, later."""
        future = self._executor.submit(function, *args, **(kwds or {}))

        def done(future: Any) -> None:
            error = future.exception()
            if error is None and callback is not None:
                callback(future.result())
            elif error is not None and error_callback is not None:
                error_callback(error)

        future.add_done_callback(done)
        return _Result(future)

    def map_async(self, function: Any, items: Any, *_: Any, **__: Any) -> _Result:
        """`map`, later."""
        futures = [self._executor.submit(function, item) for item in items]
        return _Result(futures)

    def close(self) -> None:
        """Take no more."""
        self._executor.shutdown(wait=False)

    def terminate(self) -> None:
        """Take no more, and drop what waits."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait for all of it."""
        self._executor.shutdown(wait=True)

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()


class _Result:
    """What `apply_async` gives, and `map_async`."""

    def __init__(self, future: Any) -> None:
        self._future = future
        self._all = future if isinstance(future, list) else [future]

    def get(self, timeout: float | None = None) -> Any:
        """The result; wait for it."""
        found = [future.result(timeout) for future in self._all]
        return found if isinstance(self._future, list) else found[0]

    def wait(self, timeout: float | None = None) -> None:
        """Wait for it."""
        for future in self._all:
            future.exception(timeout)

    def ready(self) -> bool:
        """Whether it is there."""
        return all(future.done() for future in self._all)
