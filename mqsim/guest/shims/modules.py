"""The modules of which each guest has its own: some made here, some the standard library's, executed afresh.

Afresh and not shared, as they keep what belongs to one process: `threading` its threads and their numbers,
`logging` its handlers, `random` its state. Their imports are the guest's own modules again, and they do
without what the standard library has written in C in their place, since that would really wait.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import queue
from functools import wraps
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from mqsim.guest.shims.atexit import atexit_module
from mqsim.guest.shims.multiprocessing import dummy_module, multiprocessing_module, pool_module
from mqsim.guest.shims.os import os_module
from mqsim.guest.shims.random import settle_random, settle_uuid
from mqsim.guest.shims.select import select_module
from mqsim.guest.shims.signal import signal_module
from mqsim.guest.shims.socket import socket_module
from mqsim.guest.shims.subprocess import settle_subprocess
from mqsim.guest.shims.threads import thread_module
from mqsim.guest.shims.time import datetime_module, time_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.kernel.runtime import Runtime

MADE: dict[str, Callable[[Runtime], ModuleType]] = {
    "_thread": thread_module,
    "atexit": atexit_module,
    "datetime": datetime_module,
    "multiprocessing": multiprocessing_module,
    "multiprocessing.dummy": dummy_module,
    "multiprocessing.pool": pool_module,
    "os": os_module,
    "select": select_module,
    "signal": signal_module,
    "socket": socket_module,
    "time": time_module,
}

AFRESH = frozenset(
    {
        "logging",
        "logging.config",
        "logging.handlers",
        "queue",
        "random",
        "sched",
        "secrets",
        "selectors",
        "socketserver",
        "subprocess",
        "threading",
        "timeit",
        "uuid",
    }
)
"""Modules of the standard library that are executed for each guest."""

SHIPPED = {"ledger": "mqsim.guest.ledger"}
"""Modules of ours that a program imports by a name of their own, unless it has a file of that name beside it;
executed for each guest as well."""

AFRESH_PACKAGES = ("asyncio", "concurrent")
"""Packages of the standard library that are executed for each guest as a whole."""

_DONE_WITHOUT = frozenset({"_queue", "_uuid", "_asyncio"})

_codes: dict[str, CodeType] = {}


def settle_logging(runtime: Runtime, module: ModuleType) -> None:
    """Tell a guest's own `logging` what the real one was told when pika was imported."""
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.partition(".")[0] == "pika":
            silent = [handler for handler in logger.handlers if isinstance(handler, logging.NullHandler)]
            if silent:
                module.getLogger(name).addHandler(module.NullHandler())


def settle_queue(runtime: Runtime, module: ModuleType) -> None:
    """Give a guest's own `queue` the real one's exceptions: a library that catches them may ask elsewhere."""
    module.__dict__.update(Empty=queue.Empty, Full=queue.Full)
    _charge(runtime, module.Queue, "empty", idle=True)
    _charge(runtime, module.Queue, "full", idle=True)
    _charge(runtime, module.Queue, "qsize", idle=0)


def settle_threading(runtime: Runtime, module: ModuleType) -> None:
    """A program may look again and again whether another thread has come so far."""
    _charge(runtime, module.Event, "is_set", idle=False)
    _charge(runtime, module.Thread, "is_alive", idle=True)


def settle_futures(runtime: Runtime, module: ModuleType) -> None:
    """The same for futures."""
    _charge(runtime, module.Future, "done", idle=False)


def _charge(runtime: Runtime, kind: Any, name: str, idle: object) -> None:
    """Have a method be a poll that found nothing where its answer is `idle` (see `Runtime.idle`)."""
    real = getattr(kind, name)

    @wraps(real)
    def look(self: Any) -> Any:
        answer = real(self)
        if answer == idle:
            runtime.idle()
        return answer

    setattr(kind, name, look)


def settle_exceptions(runtime: Runtime, module: ModuleType) -> None:
    """Give a guest's own asyncio the real one's exceptions, for the same reason."""
    real = importlib.import_module(module.__name__)
    module.__dict__.update({name: getattr(real, name) for name in real.__all__})


_SETTLE: dict[str, Callable[[Runtime, ModuleType], None]] = {
    "asyncio.exceptions": settle_exceptions,
    "concurrent.futures._base": settle_futures,
    "logging": settle_logging,
    "queue": settle_queue,
    "random": settle_random,
    "subprocess": settle_subprocess,
    "threading": settle_threading,
    "uuid": settle_uuid,
}


def is_own(name: str) -> bool:
    """Whether each guest has its own module of that name."""
    return name in MADE or name in AFRESH or name in SHIPPED or name.partition(".")[0] in AFRESH_PACKAGES


def code_of(name: str) -> tuple[CodeType, Any]:
    """The compiled source of a module that is executed afresh, and its spec."""
    spec = importlib.util.find_spec(SHIPPED.get(name, name))
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    code = _codes.get(name)
    if code is None:
        loader: Any = spec.loader
        code = _codes[name] = loader.get_code(SHIPPED.get(name, name))
    return code, spec


def make(runtime: Runtime, name: str) -> ModuleType:
    """Make a guest's own module, and enter it in `runtime.modules`.

    Args:
        runtime: the guest.
        name: one for which `is_own` holds.
    """
    if name in MADE:
        module = runtime.modules[name] = MADE[name](runtime)
        return module
    code, spec = code_of(name)
    module = ModuleType(name)
    module.__dict__.update(
        __file__=spec.origin,
        __spec__=spec,
        __loader__=spec.loader,
        __package__=name if spec.submodule_search_locations is not None else name.rpartition(".")[0],
        __builtins__=runtime.importer.library_builtins,
    )
    if spec.submodule_search_locations is not None:
        module.__path__ = list(spec.submodule_search_locations)
    runtime.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del runtime.modules[name]
        raise
    if name in _SETTLE:
        _SETTLE[name](runtime, module)
    return module


def refuse_what_is_done_without(name: str) -> None:
    """Refuse what is written in C and would really wait; the standard library then does without it.

    Raises:
        ModuleNotFoundError: always so, for such a module.
    """
    if name in _DONE_WITHOUT:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def warm_up() -> None:
    """Compile ahead what most programs need, before a fork server forks."""
    for name in ("threading", "logging", "random", "queue", "uuid", "selectors", "ledger"):
        code_of(name)
