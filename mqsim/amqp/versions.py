"""What differs on the wire between RabbitMQ 3.10, 4.0 and 4.3; as recorded on real servers.

What differs in the broker's rules is `mqsim.broker.profiles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mqsim.amqp.frames import GREETING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Wire:
    """One generation on the wire.

    Attributes:
        release: the release that was recorded, which the server says it is.
        greeting: the protocol header that a client with a wrong one is told.
        smallest_frame_max: bytes of the largest frame that every client has to take.
        minds_long_bodies: whether more body than was announced closes the connection; else it is passed over.
        trips_over_cancel_ok: whether basic.cancel-ok from a client is an internal error.
    """

    release: str
    greeting: bytes = b"AMQP\x03\x01\x00\x00"
    smallest_frame_max: int = 4096
    minds_long_bodies: bool = False
    trips_over_cancel_ok: bool = False


WIRES: Final[Mapping[str, Wire]] = {
    "3.10": Wire("3.10.8", greeting=GREETING),
    "4.0": Wire("4.0.5"),
    "4.3": Wire("4.3.6", smallest_frame_max=8192, minds_long_bodies=True, trips_over_cancel_ok=True),
}
"""The generations by their profile's version."""
