"""The interpreter's own modules, changed once so that nothing leaves the simulation unseen.

Whatever a program or one of its libraries imports, it comes to the standard library's `socket`, `select` and
`threading`. There a call asks whether it is made inside a guest: it then goes to that guest's own module, and
to the real one elsewhere. What is still real (sockets of `_socket`, children, threads of the system, writing
to other people's files) is seen by an audit hook, and refused in one sentence.

Source of the events: Python's table of audit events.
"""

from __future__ import annotations

import _thread
import importlib
import importlib.abc
import importlib.machinery
import queue
import select
import selectors
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.operations import NO_TLS
from mqsim.guest.kernel.runtime import current
from mqsim.guest.shims.copies import as_builtin
from mqsim.guest.shims.socket import GuestSocket
from mqsim.guest.shims.threads import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

WAY_OUT = "To run it as it is, start `mqsim broker` and run the program by itself."

_LOOPS = "it brings an event loop of its own, which would wait in real time"
_IN_C = "it opens its sockets in C, past the simulation"
_POOLS = "it starts processes"
REFUSED: dict[str, str] = {
    **dict.fromkeys(("gevent", "eventlet", "twisted", "tornado", "uvloop", "trio", "curio"), _LOOPS),
    **dict.fromkeys(
        (
            *(
                "grpc",
                "zmq",
                "pycurl",
                "psycopg2",
                "psycopg_c",
                "psycopg_binary",
                "MySQLdb",
                "confluent_kafka",
            ),
            *(
                "oracledb",
                "cx_Oracle",
                "pyodbc",
                "ibm_db",
                "pulsar",
                "proton",
                "cassandra",
                "aerospike",
                "nng",
            ),
            *(
                "confluent_kafka",
                "pynng",
                "pymssql",
                "couchbase",
                "rocketmq",
                "_mysql_connector",
                "curl_cffi",
                "primp",
            ),
        ),
        _IN_C,
    ),
    **dict.fromkeys(("ray", "pebble", "mpire"), _POOLS),
}
"""Libraries that can't be in virtual time, and why."""


class LeavesSimulationError(OSError):
    """A program, or one of its libraries, wants something that is not in the simulation."""


def refuse(top: str) -> None:
    """Refuse a library that can't be in virtual time.

    Raises:
        ImportError: it is one of them.
    """
    why = REFUSED.get(top)
    if why is not None:
        raise ImportError(f"{top} can't be used in virtual time: {why}. {WAY_OUT}", name=top)


class _Libraries(importlib.abc.MetaPathFinder):
    """Finds what is imported inside a guest, by whomever: refuses what can't be in virtual time, and has the
    rest adopted as soon as it is there.

    Args:
        adopt: told of each module of a library once it has been executed.
        is_library: whether a module of that name is one of a library's.
    """

    def __init__(self, adopt: Callable[[ModuleType], None], is_library: Callable[[str], bool]) -> None:
        self._adopt = adopt
        self._is_library = is_library

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As the import system asks."""
        if current() is None:
            return None
        refuse(name.partition(".")[0])
        if not self._is_library(name):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        loader: Any = None if spec is None else spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return None

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self._adopt(module)

        with suppress(AttributeError):
            loader.exec_module = exec_module
        return spec


# -- calls that go to the guest's own module -----------------------------------------------------------------

_SOCKET = (
    "create_connection",
    "create_server",
    "getaddrinfo",
    "getfqdn",
    "gethostbyaddr",
    "gethostbyname",
    "gethostbyname_ex",
    "gethostname",
    "getnameinfo",
    "socketpair",
)
_SELECT = ("select", "poll", "epoll")
# What `threading` took from `_thread` when it was imported, by its own names.
_THREADING = {
    "_start_new_thread": "start_new_thread",
    "_start_joinable_thread": "start_joinable_thread",
    "_allocate_lock": "allocate_lock",
    "Lock": "allocate_lock",
    "get_ident": "get_ident",
    "get_native_id": "get_native_id",
    "_set_sentinel": "_set_sentinel",
    "_ThreadHandle": "_ThreadHandle",
    "_make_thread_handle": "_make_thread_handle",
    "_get_main_thread_ident": "_get_main_thread_ident",
}


def either(real: Any, module: str, name: str) -> Any:
    """A function that is the guest's own inside a guest, and the real one elsewhere."""

    def call(*args: Any, **kwargs: Any) -> Any:
        runtime = current()
        if runtime is None:
            return real(*args, **kwargs)
        return getattr(runtime.module(module), name)(*args, **kwargs)

    call.__doc__ = real.__doc__
    return as_builtin(name, call)


def _replace(holder: Any, module: str, names: Mapping[str, str]) -> None:
    for name, of in names.items():
        if hasattr(holder, name):
            setattr(holder, name, either(getattr(holder, name), module, of))


def _dispatch_sockets() -> None:
    _replace(socket, "socket", {name: name for name in _SOCKET})
    made = socket.socket.__new__

    def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        if cls is _real_socket and current() is not None:
            return GuestSocket(*args, **kwargs)
        return made(cls)

    _real_socket: type = socket.socket
    _real_socket.__new__ = __new__  # type: ignore[method-assign, assignment]


def _dispatch_flags_of_descriptors() -> None:
    """`fcntl` of an emulated socket: there is nothing to set."""
    with suppress(ImportError):
        fcntl: Any = importlib.import_module("fcntl")
        for name in ("fcntl", "ioctl"):
            setattr(fcntl, name, _unless_emulated(getattr(fcntl, name)))


def _unless_emulated(real: Callable[..., Any]) -> Any:
    def call(fd: Any, *args: Any) -> Any:
        runtime = current()
        if runtime is not None:
            number = fd if isinstance(fd, int) else fd.fileno()
            if number in runtime.descriptors:
                return 0
        return real(fd, *args)

    return as_builtin(real.__name__, call)


def _dispatch_polls() -> None:
    _replace(select, "select", {name: name for name in _SELECT})
    for kind, name in (("PollSelector", "poll"), ("EpollSelector", "epoll")):
        if (selector := getattr(selectors, kind, None)) is not None:
            selector._selector_cls = getattr(select, name)


def _dispatch_threads() -> None:
    _replace(threading, "_thread", _THREADING)
    starts = ("start_new_thread", "start_new", "start_joinable_thread")
    _replace(_thread, "_thread", {name: name for name in starts})
    reentrant = threading._CRLock  # type: ignore[attr-defined]

    def rlock(*args: Any, **kwargs: Any) -> Any:
        return reentrant(*args, **kwargs) if current() is None else threading._PyRLock()  # type: ignore[attr-defined]

    threading._CRLock = as_builtin("RLock", rlock)  # type: ignore[attr-defined]
    threading._time = either(time.monotonic, "time", "monotonic")  # type: ignore[attr-defined]
    queue.time = threading._time  # type: ignore[attr-defined]
    simple = queue.SimpleQueue

    def simple_queue() -> Any:
        return simple() if current() is None else queue._PySimpleQueue()  # type: ignore[attr-defined]

    queue.SimpleQueue = as_builtin("SimpleQueue", simple_queue)  # type: ignore[misc]
    shutdown = threading._shutdown  # type: ignore[attr-defined]

    def forget_guests_threads() -> None:
        """At the interpreter's end nobody waits for the threads of a guest."""
        locks: set[Any] = getattr(threading, "_shutdown_locks", set())
        for lock in [lock for lock in locks if isinstance(lock, Lock)]:
            locks.discard(lock)
        shutdown()

    threading._shutdown = forget_guests_threads  # type: ignore[attr-defined]


def _dispatch_tls() -> None:
    with suppress(ImportError):
        ssl: Any = importlib.import_module("ssl")
        for name in ("wrap_socket", "wrap_bio"):
            setattr(ssl.SSLContext, name, _without_tls(getattr(ssl.SSLContext, name), ssl.SSLError))


def _without_tls(real: Callable[..., Any], error: type[OSError]) -> Callable[..., Any]:
    def wrap(context: Any, *args: Any, **kwargs: Any) -> Any:
        runtime = current()
        if runtime is None:
            return real(context, *args, **kwargs)
        runtime.remark(f"wants TLS; {NO_TLS}")
        raise error(NO_TLS)

    return wrap


# -- what is still real --------------------------------------------------------------------------------------

_NETWORK = frozenset(
    {
        *("socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
        *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
    }
)
_CHILDREN = frozenset(
    {
        *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"),
        *("subprocess.Popen", "pty.spawn", "webbrowser.open"),
    }
)
_THREADS = frozenset({"_thread.start_new_thread", "_thread.start_joinable_thread"})


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in _NETWORK:
        _refuse_event("opens a real socket or looks up a real name")
    elif event in _CHILDREN:
        _refuse_event("starts another program")
    elif event in _THREADS:
        _refuse_event("starts a thread of the operating system")


def _refuse_event(what: str) -> None:
    runtime = current()
    if runtime is None or runtime.may_leave:
        return
    runtime.remark(f"{what}, which is refused: nothing leaves the simulation. {WAY_OUT}")
    raise LeavesSimulationError(
        1, f"this {what}; in virtual time a program reaches what is in its world and nothing else"
    )


_installed = False


def install(adopt: Callable[[ModuleType], None], is_library: Callable[[str], bool]) -> None:
    """Change the interpreter's modules; a second call does nothing.

    Args:
        adopt: told of each module of a library that is imported inside a guest.
        is_library: whether a module of that name is one of a library's.
    """
    global _installed
    if _installed:
        return
    _installed = True
    _dispatch_sockets()
    _dispatch_flags_of_descriptors()
    _dispatch_polls()
    _dispatch_threads()
    _dispatch_tls()
    sys.meta_path.insert(0, _Libraries(adopt, is_library))
    sys.addaudithook(_audit)
