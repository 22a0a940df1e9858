"""How pika and other libraries come to use a guest's modules: through a question at every use.

Libraries are imported once and shared by all guests and the real program. In their globals `time`, `socket`
and the like are replaced by a `Dispatch`, which asks whether the caller is inside a guest: that guest's own
module there, the real one elsewhere. So real pika and real sleep go on working in the same interpreter.
"""

from __future__ import annotations

import datetime
import importlib
import re
import sys
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.runtime import current
from mqsim.guest.shims import interpreter, paho
from mqsim.guest.shims import logging as logs
from mqsim.guest.shims import pika as handling
from mqsim.guest.shims import stomp as stomp_handling
from mqsim.guest.shims.copies import as_builtin
from mqsim.guest.shims.heartbeats import told_of_heartbeats
from mqsim.guest.shims.time import GuestDate, GuestDatetime

if TYPE_CHECKING:
    from collections.abc import Mapping

DISPATCHED = (
    "_thread",
    "asyncio",
    "atexit",
    "datetime",
    "logging",
    "os",
    "queue",
    "random",
    "select",
    "selectors",
    "signal",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid",
)

PIKA: dict[str, tuple[str, ...]] = {
    "pika.adapters.blocking_connection": ("threading",),
    "pika.adapters.select_connection": ("select", "threading", "time"),
    "pika.adapters.utils.connection_workflow": ("socket",),
    "pika.adapters.utils.io_services_utils": ("os", "socket"),
    "pika.adapters.utils.selector_ioloop_adapter": ("socket", "threading"),
    "pika.channel": ("uuid",),
    "pika.compat": ("os", "socket", "time"),
    "pika.tcp_socket_opts": ("socket",),
}
"""What is replaced in pika, by module; it is there in each release that mqsim accepts."""

_IF_IMPORTED: dict[str, tuple[str, ...]] = {"pika.adapters.asyncio_connection": ("asyncio",)}

_adopted: set[str] = set()
_looked = 0


class Dispatch:
    """Stands for a module in a library's globals."""

    def __init__(self, real: ModuleType) -> None:
        self.__dict__["_mqsim_real"] = real

    def __getattr__(self, attribute: str) -> Any:
        real: ModuleType = self.__dict__["_mqsim_real"]
        runtime = current()
        return getattr(real if runtime is None else runtime.module(real.__name__), attribute)

    def __setattr__(self, attribute: str, value: object) -> None:
        setattr(self.__dict__["_mqsim_real"], attribute, value)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_mqsim_real"])

    def __repr__(self) -> str:
        return repr(self.__dict__["_mqsim_real"])


_dispatches: dict[str, Dispatch] = {}


def dispatch(name: str) -> Dispatch:
    """The one `Dispatch` of a module."""
    found = _dispatches.get(name)
    if found is None:
        found = _dispatches[name] = Dispatch(importlib.import_module(name))
    return found


class _OutsideOnly:
    """A number that holds outside guests and is infinite inside.

    pika's pollers wake up every 5 s for no reason; in virtual time each such wake-up is an event.
    """

    def __init__(self, value: float) -> None:
        self._value = value

    def __get__(self, instance: object, owner: type | None = None) -> float:
        return self._value if current() is None else float("inf")


def install() -> None:
    """Put the dispatches into pika; a second call does nothing."""
    if "pika" in _adopted:
        return
    _replace_listed(PIKA)
    poller: Any = importlib.import_module("pika.adapters.select_connection")._PollerBase
    poller._MAX_POLL_TIMEOUT = _OutsideOnly(poller._MAX_POLL_TIMEOUT)
    poller._get_max_wait = told_of_heartbeats(poller._get_max_wait)
    handling.install()
    watch_imports()
    logs.share("pika")
    _adopted.add("pika")


def _replace_listed(table: Mapping[str, tuple[str, ...]]) -> None:
    for module_name, names in table.items():
        module = importlib.import_module(module_name)
        for name in names:
            module.__dict__[name] = dispatch(name)


_NOT_ADOPTED = frozenset(
    {"mqsim", "simpy", "greenlet", "numpy", "pandas", "matplotlib", "pydantic", "pytest", "_pytest", "pluggy"}
    | {"hypothesis", "xdist", "execnet", "IPython", "ipykernel", "jupyter_client", "rich", "typer", "scipy"}
)


def watch_imports() -> None:
    """Have whatever is imported inside guests adopted, and nothing leave the simulation."""
    interpreter.install(_adopt, _is_library)


def _is_library(name: str) -> bool:
    top = name.partition(".")[0]
    return top != "pika" and top not in sys.stdlib_module_names and top not in _NOT_ADOPTED


def _adopt(module: ModuleType) -> None:
    if module.__name__ not in _adopted:
        _adopted.add(module.__name__)
        _replace(module)


_INSTALLED = re.compile(r"[/\\\\](site|dist)-packages[/\\\\]")


def adopt_all() -> None:
    """Put the dispatches into all libraries that are installed and have been imported, by whomever, but for
    the standard library. What is imported inside a guest is adopted at once (`watch_imports`).

    pika has its own list; of the other libraries each global that is one of the real modules is replaced, and
    each that is a clock of `time` itself.
    """
    global _looked
    if _looked == len(sys.modules):
        return
    tops: set[str] = set()
    for name, module in list(sys.modules.items()):
        if name in _adopted or not isinstance(module, ModuleType):
            continue
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in _NOT_ADOPTED or top == "__main__":
            _adopted.add(name)
        elif top == "pika":
            install()
            if name in _IF_IMPORTED:
                _replace_listed({name: _IF_IMPORTED[name]})
                _adopted.add(name)
            tops.add(top)
        elif not _INSTALLED.search(getattr(module, "__file__", None) or ""):
            _adopted.add(name)
        elif _is_whole(module):
            _adopted.add(name)
            _replace(module)
            tops.add(top)
    for top in tops:
        logs.share(top)
    _looked = len(sys.modules)


def _is_whole(module: ModuleType) -> bool:
    """Whether a module has been executed to its end."""
    spec = getattr(module, "__spec__", None)
    return not getattr(spec, "_initializing", False)


_CLOCKS = ("sleep", "time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns")


def _replace(module: ModuleType) -> None:
    if module.__name__ == stomp_handling.MODULE:
        stomp_handling.install(module)
    changes: dict[int, Any] = {id(datetime.datetime): GuestDatetime, id(datetime.date): GuestDate}
    for name in DISPATCHED:
        if name in sys.modules:
            changes[id(sys.modules[name])] = dispatch(name)
    for name in _CLOCKS:
        changes[id(getattr(sys.modules["time"], name))] = _late(name)
    for name, value in list(module.__dict__.items()):
        if id(value) in changes:
            module.__dict__[name] = changes[id(value)]
        elif type(value) is FunctionType:  # by `type`: to look at a proxy may wake what is behind it
            _replace_defaults(value, changes)
        elif issubclass(type(value), type) and value.__module__ == module.__name__:
            _replace_in_class(value, changes)
    if module.__name__ == paho.MODULE:
        paho.skip_idle_rounds(module)


def _replace_in_class(kind: type, changes: Mapping[int, Any]) -> None:
    """A clock that is a class's attribute, or a default of its methods."""
    for name, value in list(vars(kind).items()):
        if id(value) in changes:
            with suppress(TypeError, AttributeError):
                setattr(kind, name, changes[id(value)])
        else:
            _replace_defaults(value, changes)


def _replace_defaults(function: Any, changes: Mapping[int, Any]) -> None:
    if isinstance(function, FunctionType):
        if function.__defaults__ and any(id(each) in changes for each in function.__defaults__):
            function.__defaults__ = tuple(changes.get(id(each), each) for each in function.__defaults__)
        keywords = function.__kwdefaults__ or {}
        for name, value in keywords.items():
            if id(value) in changes:
                keywords[name] = changes[id(value)]


_lates: dict[str, Any] = {}


def _late(name: str) -> Any:
    """A function of `time` that asks at each call whether it is called inside a guest."""
    if name not in _lates:
        time = dispatch("time")

        def call(*args: Any) -> Any:
            return getattr(time, name)(*args)

        _lates[name] = as_builtin(name, call)
    return _lates[name]
