"""What a connection tells whoever watches it; override what matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqsim.mqtt.message import Message
    from mqsim.mqtt.packets import Packet
    from mqsim.mqtt.reasons import Reason
    from mqsim.mqtt.session_state import Delivery


class Observer:
    """Watches one connection."""

    def left(self, packet: Packet) -> Any:
        """A packet has left the client; what is returned comes back as its note."""

    def connected(self, client_id: str, present: bool) -> None:
        """The client is connected; `present`: to a session that was kept."""

    def published(self, note: Any, message: Message) -> None:
        """A message has come in; a QoS 2 message that came before does not count."""

    def carried_out(self, note: Any) -> None:
        """Another packet has come in and was carried out."""

    def sends(self, packet: Packet, delivery: Delivery | None) -> None:
        """A packet is sent; the delivery that it is about, if it is about one."""

    def closed(self, reason: Reason, text: str) -> None:
        """The server closes the connection because of that."""

    def given_up(self) -> None:
        """Nothing was heard of the client for too long."""
