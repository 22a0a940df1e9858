"""MQTT 3.1.1 and 5.0, the server's side, without I/O: a broker of its own, as Mosquitto is one."""

from mqsim.mqtt.broker import Broker
from mqsim.mqtt.limits import Limits
from mqsim.mqtt.session import Session

__all__ = ["Broker", "Limits", "Session"]
