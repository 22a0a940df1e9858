"""A guest's sockets: TCP streams to services of the world, and pairs and listeners within the guest itself.

They follow Linux where a program can see it: the errno of a refused, reset or unfinished connection; what was
received before a reset is still there to read; a reset is told once, and after it comes the end of file.
"""

from __future__ import annotations

import errno
import os
import socket as real
from collections import deque
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from mqsim.guest.kernel.operations import Close, Connect, Finish, Send
from mqsim.guest.kernel.runtime import FIRST_FD, Task, inside
from mqsim.guest.kernel.ticks import ceil_ticks
from mqsim.guest.shims.addresses import HOSTNAME, LOOPBACK, NOT_A_NAME, address_of, host_of
from mqsim.guest.shims.copies import copied

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from mqsim.guest.kernel.runtime import Runtime

FIRST_PORT = 50_000
_CHUNK = 1 << 18


def oserror(number: int) -> OSError:
    """The error that the kernel gives: `OSError` picks the subclass, such as ConnectionResetError."""
    return OSError(number, os.strerror(number))


class GuestSocket:
    """What `socket.socket(...)` makes inside a guest.

    Raises, as the real one does: OSError and its subclasses, and TimeoutError after `settimeout`.

    Attributes:
        changed: the number of the first change since an epoll last looked, among all sockets' changes; or 0.
    """

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        runtime = self._runtime = inside()
        if fileno is not None:
            raise OSError(errno.EINVAL, "a program in virtual time can't take over a descriptor")
        self.family = real.AF_INET if family in (-1, real.AF_INET) else real.AddressFamily(family)
        self.type = real.SOCK_STREAM if type == -1 else real.SocketKind(type & 0xF)
        if self.type != real.SOCK_STREAM:
            raise OSError(errno.EPROTONOSUPPORT, "a program in virtual time has stream sockets only")
        self.proto = max(proto, 0)
        self._fd = runtime.new_fd()
        runtime.descriptors[self._fd] = self
        self._timeout: float | None = None
        self._buffer = bytearray()
        self._connecting = self._connected = self._eof = self._finished = self._shut = False
        self._closed = False
        self._error = 0
        self._peer: GuestSocket | None = None
        self._address: tuple[str, int] | None = None
        self._backlog: deque[GuestSocket] | None = None
        self._watchers: list[Task] = []
        self.changed = 0
        self._io_refs = 0

    # -- what the network does to it -------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Bytes have come in."""
        if not self._shut:
            self._buffer += data
            self._changed()

    def answered(self, number: int) -> None:
        """A connection has been opened, or not."""
        if not self._connecting:
            return
        self._connecting = False
        self._connected = number == 0
        self._error = number
        self._changed()

    def ended(self) -> None:
        """The peer sends no more."""
        self._eof = True
        self._changed()

    def torn(self) -> None:
        """The connection was reset."""
        self._connecting = False
        self._eof = self._finished = True
        self._error = errno.ECONNRESET
        self._changed()

    def _changed(self) -> None:
        runtime = self._runtime
        if not self.changed:
            runtime.changes += 1
            self.changed = runtime.changes
        for task in self._watchers:
            runtime.wake(task)

    # -- what polls ask --------------------------------------------------------------------------------------

    @property
    def watchers(self) -> list[Task]:
        """The threads to wake when something changes."""
        return self._watchers

    def readable(self) -> bool:
        """Whether reading, or accepting, would not wait."""
        return bool(self._buffer or self._eof or self._error or self._backlog or self._closed or self._idle())

    def writable(self) -> bool:
        """Whether writing would not wait."""
        return bool(self._connected or self._error or self._closed or self._idle())

    def failed(self) -> bool:
        """Whether an error waits to be told."""
        return self._error != 0

    def hung_up(self) -> bool:
        """Whether nothing goes either way any more."""
        return self._error != 0 or (self._eof and self._finished) or self._idle()

    def holds_only(self, piece: bytes) -> bool:
        """Whether it is connected, with nothing there to be read, or told, but whole pieces of this kind."""
        if not self._connected or self._eof or self._error or self._closed:
            return False
        return not self._buffer or self._buffer == piece * (len(self._buffer) // len(piece))

    def _idle(self) -> bool:
        """Whether it was never connected: Linux polls such a socket as hung up."""
        return not (self._connected or self._connecting or self._eof or self._backlog is not None)

    # -- waiting ---------------------------------------------------------------------------------------------

    def _wait(self, ready: str) -> None:
        """Wait until `readable` or `writable`."""
        runtime, test = self._runtime, getattr(self, ready)
        if test():
            runtime.effort()
            return
        if self._timeout == 0:
            runtime.idle()
            if not test():
                raise oserror(errno.EAGAIN)
            return
        deadline = None if self._timeout is None else runtime.now + ceil_ticks(self._timeout)
        task = _task()
        self._watchers.append(task)
        try:
            while not test():
                if not runtime.park_until(deadline) and not test():
                    raise TimeoutError("timed out")
        finally:
            self._watchers.remove(task)

    def _check(self) -> None:
        if self._closed:
            raise oserror(errno.EBADF)

    # -- opening ---------------------------------------------------------------------------------------------

    def connect(self, address: tuple[str, int]) -> None:
        """Open a connection to a service of the world, or to a listener of this guest."""
        self._check()
        if self._connecting:
            raise oserror(errno.EALREADY)
        if self._connected:
            raise oserror(errno.EISCONN)
        runtime = self._runtime
        host, port = host_of(runtime, address[0]), int(address[1])
        self._address = (address_of(runtime, address[0]), port)
        listener = runtime.listeners.get(port) if host == "localhost" else None
        if listener is not None and listener._backlog is not None:
            other = GuestSocket()
            _join(self, other)
            listener._backlog.append(other)
            listener._changed()
            return
        self._connecting, self._error, self._eof, self._finished = True, 0, False, False
        runtime.do(Connect(self._fd, host, port))
        if self._timeout == 0:
            raise oserror(errno.EINPROGRESS)
        self._wait("writable")
        self._raise_error()

    def connect_ex(self, address: tuple[str, int]) -> int:
        """As `connect`, with the errno instead of an exception."""
        try:
            self.connect(address)
        except TimeoutError as error:
            return error.errno or errno.EAGAIN
        except OSError as error:
            if error.errno is None:
                raise
            return error.errno
        return 0

    def _raise_error(self) -> None:
        if self._error:
            number, self._error = self._error, 0
            raise oserror(number)

    def bind(self, address: tuple[str, int]) -> None:
        """Name a socket that is to listen; only this guest can connect to it."""
        self._address = (address[0] or "0.0.0.0", address[1] or FIRST_PORT + self._number())

    def listen(self, backlog: int = 128) -> None:
        """Wait for connections from within this guest."""
        if self._address is None:
            self.bind(("", 0))
        assert self._address is not None
        if self._address[1] in self._runtime.listeners:
            raise oserror(errno.EADDRINUSE)
        self._backlog = deque()
        self._runtime.listeners[self._address[1]] = self

    def accept(self) -> tuple[GuestSocket, tuple[str, int]]:
        """Take a connection from within this guest."""
        self._check()
        if self._backlog is None:
            raise oserror(errno.EINVAL)
        self._wait("readable")
        self._check()
        other = self._backlog.popleft()
        return other, other.getpeername()

    # -- sending and receiving -------------------------------------------------------------------------------

    def send(self, data: bytes | bytearray | memoryview, flags: int = 0) -> int:
        """Send; what is sent between two waits of the program arrives together."""
        self._check()
        if self._connecting and self._timeout != 0:
            self._wait("writable")
        if self._error and not self._connecting:
            self._raise_error()
        if self._finished:
            raise oserror(errno.EPIPE)
        if not self._connected:
            raise oserror(errno.EAGAIN if self._connecting else errno.ENOTCONN)
        sent = bytes(data)
        if self._peer is not None:
            if self._peer._closed:
                raise oserror(errno.EPIPE)
            self._peer.received(sent)
            self._runtime.effort(len(sent))
        else:
            for start in range(0, len(sent), _CHUNK):
                chunk = sent[start : start + _CHUNK]
                self._runtime.do(Send(self._fd, chunk), len(chunk))
        return len(sent)

    def sendall(self, data: bytes | bytearray | memoryview, flags: int = 0) -> None:
        """Send all of it."""
        self.send(data, flags)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive up to `bufsize` bytes; none when the peer sends no more."""
        self._check()
        if self._idle():
            raise oserror(errno.ENOTCONN)
        self._wait("readable")
        self._check()
        if self._buffer:
            data = bytes(self._buffer[:bufsize])
            if not flags & real.MSG_PEEK:
                del self._buffer[:bufsize]
            return data
        self._raise_error()
        return b""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into a buffer; the number of bytes."""
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom(self, bufsize: int, flags: int = 0) -> tuple[bytes, None]:
        """As `recv`; a stream has no sender to name."""
        return self.recv(bufsize, flags), None

    # -- closing ---------------------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        """Close one direction or both."""
        self._check()
        if not self._connected:
            raise oserror(errno.ENOTCONN)
        if how in (real.SHUT_WR, real.SHUT_RDWR) and not self._finished:
            self._finished = True
            if self._peer is not None:
                self._peer.ended()
            else:
                self._runtime.do(Finish(self._fd))
        if how in (real.SHUT_RD, real.SHUT_RDWR):
            self._shut = self._eof = True
        self._changed()

    def close(self) -> None:
        """Close it, unless a file that was made of it is still open."""
        if not self._closed and not self._io_refs:
            self._really_close()
        self._closed = True

    def _really_close(self) -> None:
        runtime = self._runtime
        if self._peer is not None:
            self._peer.ended()
        elif self._connected or self._connecting:
            runtime.do(Close(self._fd))
        if self._backlog is not None and self._address is not None:
            runtime.listeners.pop(self._address[1], None)
        runtime.descriptors.pop(self._fd, None)
        self._connected = False
        self._changed()

    def detach(self) -> int:
        """Refused: a number alone means nothing in virtual time."""
        raise OSError(errno.EINVAL, "a program in virtual time can't detach a socket")

    def _decref_socketios(self) -> None:
        self._io_refs -= 1
        if self._closed and not self._io_refs:
            self._really_close()

    makefile = real.socket.makefile
    sendfile = real.socket._sendfile_use_send if hasattr(real.socket, "_sendfile_use_send") else None

    # -- attributes ------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Its number; -1 once it is closed."""
        return -1 if self._closed else self._fd

    def setblocking(self, flag: bool) -> None:
        """Wait as long as it takes, or not at all."""
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        """Whether its calls wait."""
        return self._timeout != 0

    def settimeout(self, value: float | None) -> None:
        """Wait for so many seconds at most."""
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if value is None else float(value)

    def gettimeout(self) -> float | None:
        """How many seconds its calls wait at most."""
        return self._timeout

    timeout = property(gettimeout)

    def setsockopt(self, *_: object) -> None:
        """Accepted; options change nothing in virtual time."""

    def getsockopt(self, level: int, option: int, size: int = 0) -> int:
        """The pending error, or 0."""
        if (level, option) == (real.SOL_SOCKET, real.SO_ERROR):
            number, self._error = self._error, 0
            return number
        return int(self.type) if (level, option) == (real.SOL_SOCKET, real.SO_TYPE) else 0

    def _number(self) -> int:
        return self._fd - FIRST_FD

    def getsockname(self) -> tuple[str, int]:
        """Its own address."""
        self._check()
        if self._backlog is not None and self._address is not None:
            return self._address
        return ("127.0.0.1", FIRST_PORT + self._number()) if self._connected else ("0.0.0.0", 0)

    def getpeername(self) -> tuple[str, int]:
        """The address that it is connected to."""
        self._check()
        if not self._connected:
            raise oserror(errno.ENOTCONN)
        if self._address is not None:
            return self._address
        return self._peer.getsockname() if self._peer is not None else (LOOPBACK, 0)

    def get_inheritable(self) -> bool:
        """It is not inherited."""
        return False

    def set_inheritable(self, inheritable: bool) -> None:
        """Accepted; there is nobody to inherit it."""

    def __enter__(self) -> GuestSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        closed = "[closed] " if self._closed else ""
        text = f"<socket.socket {closed}fd={self.fileno()}, family={int(self.family)}, type={int(self.type)}"
        text += f", proto={self.proto}"
        if not self._closed:
            text += f", laddr={self.getsockname()}"
            if self._connected:
                text += f", raddr={self.getpeername()}"
        return text + ">"


def _task() -> Task:
    task = getcurrent()
    assert isinstance(task, Task)
    return task


def _join(one: GuestSocket, other: GuestSocket) -> None:
    one._peer, other._peer = other, one
    one._connected = other._connected = True


def socketpair(
    family: int = -1, type: int = real.SOCK_STREAM, proto: int = 0
) -> tuple[GuestSocket, GuestSocket]:
    """Two sockets of this guest, joined."""
    one, other = GuestSocket(), GuestSocket()
    _join(one, other)
    return one, other


def _getaddrinfo(
    host: str | bytes | None,
    port: str | int | None,
    family: int = 0,
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[Any, ...]]:
    if family not in (0, real.AF_INET):
        raise real.gaierror(NOT_A_NAME, "Name or service not known")
    number = real.getservbyname(port) if isinstance(port, str) and not port.isdigit() else int(port or 0)
    address = (address_of(inside(), host), number)
    return [(real.AF_INET, real.SOCK_STREAM, real.IPPROTO_TCP, "", address)]


def _create_connection(
    address: tuple[str, int], timeout: Any = ..., source_address: object = None, *, all_errors: bool = False
) -> GuestSocket:
    resolved = (address_of(inside(), address[0]), address[1])
    connection = GuestSocket(real.AF_INET, real.SOCK_STREAM)
    if timeout is not ... and timeout is not _DEFAULT_TIMEOUT:
        connection.settimeout(timeout)
    try:
        connection.connect(resolved)
    except BaseException:
        connection.close()
        raise
    return connection


_DEFAULT_TIMEOUT = getattr(real, "_GLOBAL_DEFAULT_TIMEOUT", object())


def _create_server(address: tuple[str, int], **_: object) -> GuestSocket:
    listener = GuestSocket()
    listener.bind(address)
    listener.listen()
    return listener


def socket_module(runtime: Runtime) -> ModuleType:
    """A guest's `socket`."""
    return copied(
        real,
        socket=GuestSocket,
        SocketType=GuestSocket,
        socketpair=socketpair,
        getaddrinfo=_getaddrinfo,
        create_connection=_create_connection,
        create_server=_create_server,
        gethostname=lambda: HOSTNAME,
        getfqdn=lambda name="": name or HOSTNAME,
        gethostbyname=lambda name: address_of(runtime, name),
        gethostbyname_ex=lambda name: (name, [], [address_of(runtime, name)]),
        gethostbyaddr=lambda address: (host_of(runtime, address), [], [address_of(runtime, address)]),
        getnameinfo=lambda address, _flags: (host_of(runtime, address[0]), str(address[1])),
    )
