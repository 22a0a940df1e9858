"""The server's side of AMQP 0-9-1, without I/O: bytes in, bytes out, over the broker.

`Session` is one connection; whoever holds it carries its bytes, over TCP or in simulated time.
"""

from mqsim.amqp.handshake import Limits
from mqsim.amqp.session import Session
from mqsim.amqp.states import MACHINES
from mqsim.protocol import End

__all__ = ["MACHINES", "End", "Limits", "Session"]
