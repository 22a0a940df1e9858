"""Names and addresses as a guest sees them, and its `socket` module."""

from __future__ import annotations

import socket as real
import zlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mqsim.guest.copies import copied
from mqsim.guest.tasks import inside

if TYPE_CHECKING:
    from mqsim.guest.runtime import Runtime
    from mqsim.guest.sockets import GuestSocket

LOOPBACK = "127.0.0.1"
HOSTNAME = "virtual"
"""The name of the machine that every guest runs on."""

_LOCAL = {"", "localhost", LOOPBACK, "0.0.0.0", HOSTNAME}
_NOT_A_NAME = getattr(real, "EAI_NONAME", -2)


def address_of(runtime: Runtime, host: str | bytes | None) -> str:
    """The numeric address of a host.

    Raises:
        socket.gaierror: nobody knows the name.
    """
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name in _LOCAL:
        return LOOPBACK
    if _is_numeric(name):
        return name
    if name.lower() in runtime.program.hosts:
        number = zlib.crc32(name.lower().encode())
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    raise real.gaierror(_NOT_A_NAME, "Name or service not known")


def host_of(runtime: Runtime, address: str | bytes | None) -> str:
    """The name that an address belongs to; the address itself, when it has none.

    Raises:
        socket.gaierror: nobody knows the name.
    """
    numeric = address_of(runtime, address)
    if numeric == LOOPBACK:
        return "localhost"
    for name in runtime.program.hosts:
        if name != "localhost" and address_of(runtime, name) == numeric:
            return name
    return numeric


def _is_numeric(name: str) -> bool:
    try:
        real.inet_pton(real.AF_INET, name)
    except OSError:
        return False
    return True


def peer_name(address: tuple[str, int] | None, peer: GuestSocket | None) -> tuple[str, int]:
    """What `getpeername` says."""
    if address is not None:
        return address
    return peer.getsockname() if peer is not None else (LOOPBACK, 0)


def _getaddrinfo(
    host: str | bytes | None,
    port: str | int | None,
    family: int = 0,
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[Any, ...]]:
    if family not in (0, real.AF_INET):
        raise real.gaierror(_NOT_A_NAME, "Name or service not known")
    number = real.getservbyname(port) if isinstance(port, str) and not port.isdigit() else int(port or 0)
    address = (address_of(inside(), host), number)
    return [(real.AF_INET, real.SOCK_STREAM, real.IPPROTO_TCP, "", address)]


def _create_connection(
    address: tuple[str, int], timeout: Any = ..., source_address: object = None, *, all_errors: bool = False
) -> GuestSocket:
    from mqsim.guest.sockets import GuestSocket

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
    from mqsim.guest.sockets import GuestSocket

    listener = GuestSocket()
    listener.bind(address)
    listener.listen()
    return listener


def socket_module(runtime: Runtime) -> ModuleType:
    """A guest's `socket`."""
    from mqsim.guest.sockets import GuestSocket, socketpair

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
    )


GUEST_NAMES = frozenset({"socket", "create_connection", "getaddrinfo", "socketpair"})
