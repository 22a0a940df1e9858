"""Names and addresses as a guest sees them."""

from __future__ import annotations

import socket as real
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.guest.kernel.runtime import Runtime

LOOPBACK = "127.0.0.1"
HOSTNAME = "virtual"
"""The name of the machine that every guest runs on."""

_LOCAL = {"", "localhost", LOOPBACK, "0.0.0.0", HOSTNAME}
NOT_A_NAME = getattr(real, "EAI_NONAME", -2)


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
    raise real.gaierror(NOT_A_NAME, "Name or service not known")


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
