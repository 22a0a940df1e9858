"""What the sessions of all protocols share: AMQP's today, MQTT's and STOMP's beside it.

A session is the server's side of one connection, without I/O. Whoever holds it, on a TCP port or in simulated
time, knows the `Session` of `session.py` and no protocol by name.
"""

from mqsim.protocol.heartbeat import Heartbeat
from mqsim.protocol.machine import Machine
from mqsim.protocol.output import Output
from mqsim.protocol.session import End, Session

__all__ = ["End", "Heartbeat", "Machine", "Output", "Session"]
