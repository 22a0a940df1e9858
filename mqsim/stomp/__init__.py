"""The server's side of STOMP 1.0, 1.1 and 1.2, without I/O, over the broker, as RabbitMQ's plugin speaks it.

`Session` is one connection; whoever holds it carries its bytes, over TCP or in simulated time.
"""

from mqsim.stomp.session import Session
from mqsim.stomp.states import MACHINES

__all__ = ["MACHINES", "Session"]
