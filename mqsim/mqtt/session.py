"""The server's side of one MQTT connection, without I/O: bytes in, bytes out.

Source: MQTT 5.0 and MQTT 3.1.1, chapters 3 and 4.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from mqsim.mqtt import codec
from mqsim.mqtt.limits import FOREVER
from mqsim.mqtt.message import NEVER, made
from mqsim.mqtt.observer import Observer
from mqsim.mqtt.packets import (
    V3,
    V5,
    Ack,
    Answers,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Publish,
    Request,
    Subscribe,
    Unsubscribe,
    kind_of,
)
from mqsim.mqtt.properties import Kind, Properties, Property
from mqsim.mqtt.reasons import (
    CONNACK_CODES,
    REFUSED,
    SUBACK_FAILURE,
    PacketError,
    Reason,
    malformed,
    protocol_error,
)
from mqsim.mqtt.states import (
    CONNECTION,
    CONNECTION_INPUTS,
    INCOMING,
    Connection,
    ConnectionInput,
    Incoming,
    IncomingInput,
    OutgoingInput,
)
from mqsim.mqtt.subscriptions import Subscription
from mqsim.mqtt.topics import parted
from mqsim.protocol import End, Output
from mqsim.protocol.output import CROWDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.mqtt.broker import Broker
    from mqsim.mqtt.session_state import Delivery, SessionState

PATIENCE: Final = 1.5
"""Keep-alive intervals without a packet after which a client is lost [MQTT-3.1.2-22]."""

_ANSWERS = {Kind.PUBACK: OutgoingInput.PUBACK, Kind.PUBCOMP: OutgoingInput.PUBCOMP}


class Session(Output):
    """One connection: a `mqsim.protocol.Session`.

    Args:
        broker: whose client it is; its time is moved on before each call.
        wake: called when there is something to send.
        observer: is told what passes.

    Attributes:
        state: where the connection is.
        end: how the stream has to end; None while it goes on.
        version: the protocol level; 5.0's before it is known.
        client_id: the client's name; empty before it is known.
        user: who logged in; empty before, and where nobody has to.
        heartbeat: the keep-alive in seconds; 0 is none.
    """

    def __init__(
        self, broker: Broker, wake: Callable[[], None] = lambda: None, observer: Observer | None = None
    ) -> None:
        super().__init__(wake)
        self.broker = broker
        self.observer = observer or Observer()
        self.state = Connection.WAITING
        self.end: End | None = None
        self.version = V5
        self.client_id = self.user = ""
        self.heartbeat = 0.0
        self._kept: SessionState | None = None
        self._heard_at = broker.now
        self._reader = codec.PacketReader(broker.limits.packet_size)
        # What has left the client: the packet or what is wrong with it, its note, and where its bytes end.
        self._read: deque[tuple[Packet | PacketError, Any, int]] = deque()
        self._fed = self._arrived = 0
        self._unreadable = self._held_back = False
        self._expiry_asked = 0
        self._largest = self._alias_limit = 0
        self._aliases_in: dict[int, str] = {}
        self._aliases_out: dict[str, int] = {}
        self._unreleased: set[int] = set()

    # -- bytes in --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take what came from the client, in pieces of any size."""
        self.foresee(data)
        self.arrive(len(data))

    def foresee(self, data: bytes) -> None:
        """Bytes have left the client: read them; `arrive` then brings them here."""
        self._fed += len(data)
        if self._unreadable:
            return
        self._reader.feed(data)
        try:
            while (found := self._reader.next()) is not None:
                packet = self._decoded(*found)
                note = self.observer.left(packet)
                self._read.append((packet, note, self._fed - self._reader.unread))
        except PacketError as error:
            self._unreadable = True
            self._reader.clear()
            self._read.append((error, None, self._fed))

    def _decoded(self, first: int, body: bytes, is_short: bool) -> Packet:
        packet = codec.read(first, body, self.version)
        if isinstance(packet, Connect):
            self.version = packet.version
        if not is_short and self.version == V5:
            raise malformed("its length is written in more bytes than it needs")
        return packet

    def arrive(self, count: int) -> None:
        """So many bytes of those foreseen have come, in order."""
        self._arrived += count
        while self._read and self._read[0][2] <= self._arrived and self.end is None:
            packet, note, _ = self._read.popleft()
            try:
                if isinstance(packet, PacketError):
                    raise packet
                self._take_in(packet, note)
            except PacketError as error:
                self._fail(error)

    @property
    def listens(self) -> bool:
        """Whether more input is welcome: not from a client that reads nothing itself."""
        return self.end is None and self.unsent < 2 * CROWDED

    @property
    def linked(self) -> bool:
        """Whether the client is connected."""
        return self.state is Connection.CONNECTED

    @property
    def cut_off(self) -> bool:
        """Whether its broker is not there to close it in order."""
        return not self.broker.running

    @property
    def crowded(self) -> bool:
        """Whether the client has left much unread; it is sent more when it has read that."""
        self._held_back = self._held_back or self.is_crowded()
        return self.is_crowded()

    # -- packets in ------------------------------------------------------------------------------------------

    def _take_in(self, packet: Packet, note: Any) -> None:
        given = CONNECTION_INPUTS.get(kind_of(packet), ConnectionInput.PACKET)
        if CONNECTION.step(self.state, given) is None:
            raise protocol_error(f"{kind_of(packet).name} is out of place: {self.state.value}")
        self._heard_at = self.broker.now
        match packet:
            case Connect():
                self._connect(packet)
            case Publish():
                self._publish(packet, note)
                return
            case Ack():
                self._acknowledged(packet, note)
                return
            case Subscribe():
                self._subscribe(packet)
            case Unsubscribe():
                self._unsubscribe(packet)
            case Disconnect():
                self._disconnect(packet)
            case Ping():
                self._send(Ping(Kind.PINGRESP))
        self.observer.carried_out(note)

    def _connect(self, packet: Connect) -> None:
        limits, told = self.broker.limits, packet.properties
        self._largest = told.get(Property.MAXIMUM_PACKET_SIZE, 0)
        refused = self._refusal(packet)
        if refused is not None:
            raise PacketError(refused, _REFUSALS[refused], packet.version)
        self.state = CONNECTION.step(self.state, ConnectionInput.CONNECT) or self.state
        self.user = packet.user or ""
        self._alias_limit = told.get(Property.TOPIC_ALIAS_MAXIMUM, 0)
        self.client_id = packet.client_id or self.broker.new_name()
        keep_alive = packet.keep_alive
        if limits.keep_alive and packet.version == V5 and not 0 < keep_alive <= limits.keep_alive:
            keep_alive = limits.keep_alive
        self.heartbeat = float(keep_alive)
        expiry = self._expiry_of(packet)
        limit = min(told.get(Property.RECEIVE_MAXIMUM, limits.in_flight), limits.in_flight)
        self._kept, present = self.broker.attach(
            self, self.client_id, packet.clean, _seconds(expiry), packet.will, limit
        )
        answer = self._connack(packet, expiry, keep_alive) if packet.version == V5 else {}
        self._send(Connack(present, 0, answer))
        self.observer.connected(self.client_id, present)
        self._kept.resume(self.broker.now)

    def _refusal(self, packet: Connect) -> Reason | None:
        limits, will = self.broker.limits, packet.will
        if not self.broker.running:
            return Reason.SERVER_UNAVAILABLE
        if Property.AUTHENTICATION_METHOD in packet.properties:
            return Reason.BAD_AUTHENTICATION_METHOD
        if not packet.client_id and packet.version == V3 and not packet.clean:
            return Reason.CLIENT_IDENTIFIER_NOT_VALID
        if self.broker.users is not None:
            password = self.broker.users.get(packet.user or "")
            if password is None or (packet.password or b"") != password.encode():
                return Reason.BAD_USER_NAME_OR_PASSWORD
        if will is not None and will.qos > limits.maximum_qos:
            return Reason.QOS_NOT_SUPPORTED
        if will is not None and will.retain and not limits.retained:
            return Reason.RETAIN_NOT_SUPPORTED
        return None

    def _expiry_of(self, packet: Connect) -> int:
        """Seconds for which the session is kept, as 5.0 writes them."""
        asked = packet.properties.get(Property.SESSION_EXPIRY_INTERVAL, 0)
        if packet.version == V3:
            asked = 0 if packet.clean else FOREVER
        self._expiry_asked = asked
        return int(min(asked, self.broker.limits.session_expiry))

    def _connack(self, packet: Connect, expiry: int, keep_alive: int) -> Properties:
        limits, told = self.broker.limits, self.broker.limits.told()
        if expiry != self._expiry_asked:
            told[Property.SESSION_EXPIRY_INTERVAL] = expiry
        if keep_alive != packet.keep_alive:
            told[Property.SERVER_KEEP_ALIVE] = keep_alive
        if not packet.client_id:
            told[Property.ASSIGNED_CLIENT_IDENTIFIER] = self.client_id
        if limits.response_information and packet.properties.get(Property.REQUEST_RESPONSE_INFORMATION):
            told[Property.RESPONSE_INFORMATION] = limits.response_information
        return told

    # -- messages in -----------------------------------------------------------------------------------------

    def _publish(self, packet: Publish, note: Any) -> None:
        limits = self.broker.limits
        topic = self._topic_of(packet)
        if packet.qos > limits.maximum_qos:
            raise PacketError(Reason.QOS_NOT_SUPPORTED, f"QoS {limits.maximum_qos} is the highest here")
        if packet.retain and not limits.retained:
            raise PacketError(Reason.RETAIN_NOT_SUPPORTED, "messages are not retained here")
        if Property.SUBSCRIPTION_IDENTIFIER in packet.properties:
            raise protocol_error("a client's PUBLISH can't have a subscription identifier")
        message = made(packet, topic, self.client_id, self.broker.now)
        message.note = note
        state = self._state
        if packet.qos == 2:
            self._unreleased.add(packet.packet_id)
            if self.version == V5 and len(self._unreleased) > limits.receive_maximum:
                raise PacketError(
                    Reason.RECEIVE_MAXIMUM_EXCEEDED,
                    f"{limits.receive_maximum} messages may wait for PUBREL at a time",
                )
            before = Incoming.RECEIVED if packet.packet_id in state.incoming else Incoming.NEW
            if INCOMING.step(before, IncomingInput.PUBLISH) is not before:
                state.incoming[packet.packet_id] = message
                self.broker.storage.keep_incoming(state, packet.packet_id, message)
                self.observer.published(note, message)
            else:
                self.observer.carried_out(note)
            self._send(Ack(Kind.PUBREC, packet.packet_id))
            return
        if packet.qos and packet.packet_id in state.incoming:
            if self.version == V3:
                raise protocol_error(f"packet identifier {packet.packet_id} is in use for a QoS 2 message")
            self.observer.carried_out(note)
            self._send(Ack(Kind.PUBACK, packet.packet_id, Reason.PACKET_IDENTIFIER_IN_USE))
            return
        self.observer.published(note, message)
        found = self.broker.publish(message)
        if packet.qos:
            reason = Reason.SUCCESS if found else Reason.NO_MATCHING_SUBSCRIBERS
            self._send(Ack(Kind.PUBACK, packet.packet_id, reason))

    def _topic_of(self, packet: Publish) -> str:
        """The topic, where an alias may stand for it [MQTT-3.3.2-7 to MQTT-3.3.2-12]."""
        alias = packet.properties.get(Property.TOPIC_ALIAS)
        if alias is None:
            return packet.topic
        most = self.broker.limits.topic_aliases
        if not 0 < alias <= most:
            raise PacketError(Reason.TOPIC_ALIAS_INVALID, f"topic aliases are 1 to {most} here")
        if packet.topic:
            self._aliases_in[alias] = packet.topic
        elif alias not in self._aliases_in:
            raise protocol_error(f"topic alias {alias} stands for nothing yet")
        return self._aliases_in[alias]

    def _acknowledged(self, packet: Ack, note: Any) -> None:
        match packet.kind:
            case Kind.PUBREL:
                self._release(packet.packet_id)
            case Kind.PUBREC:
                self._received(packet)
            case _:
                known = packet.packet_id in self._state.in_flight
                given = _ANSWERS[packet.kind]
                # What is not known any more was acknowledged before: nothing is to be done.
                if known and self._state.answered(packet.packet_id, given, self.broker.now) is None:
                    raise protocol_error(f"{packet.kind.name} {packet.packet_id} is out of place")
        self.observer.carried_out(note)

    def _release(self, packet_id: int) -> None:
        state = self._state
        before = Incoming.RECEIVED if packet_id in state.incoming else Incoming.NEW
        reason = Reason.SUCCESS
        self._unreleased.discard(packet_id)
        if INCOMING.step(before, IncomingInput.PUBREL) is Incoming.DONE:
            message = state.incoming.pop(packet_id)
            self.broker.storage.forget_incoming(state, packet_id)
            self.broker.publish(message)
        else:
            reason = Reason.PACKET_IDENTIFIER_NOT_FOUND
        self._send(Ack(Kind.PUBCOMP, packet_id, reason))

    def _received(self, packet: Ack) -> None:
        """A PUBREC: of a message that is not known, 5.0 is told so [MQTT-4.3.3]."""
        state, packet_id = self._state, packet.packet_id
        if packet_id not in state.in_flight:
            if packet.reason < REFUSED:
                self._send(Ack(Kind.PUBREL, packet_id, Reason.PACKET_IDENTIFIER_NOT_FOUND))
            return
        given = OutgoingInput.REFUSED if packet.reason >= REFUSED else OutgoingInput.PUBREC
        delivery = state.answered(packet_id, given, self.broker.now)
        if delivery is None:
            raise protocol_error(f"PUBREC {packet_id} is out of place")
        if given is OutgoingInput.PUBREC:
            self.send_release(delivery)

    # -- subscriptions ---------------------------------------------------------------------------------------

    def _subscribe(self, packet: Subscribe) -> None:
        limits, state = self.broker.limits, self._state
        identifier = packet.properties.get(Property.SUBSCRIPTION_IDENTIFIER, [0])[0]
        if identifier and not limits.identifiers:
            raise PacketError(
                Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, "there are no subscription identifiers here"
            )
        reasons, retained = [], []
        for request in packet.requests:
            self._check(request)
            to = parted(request.filter)
            if to is None:
                is_5 = self.version == V5
                reasons.append(int(Reason.TOPIC_FILTER_INVALID) if is_5 else SUBACK_FAILURE)
                continue
            if request.filter in limits.denied:
                reasons.append(SUBACK_FAILURE)
                continue
            subscription = Subscription(self.client_id, to, request, identifier)
            retained += self.broker.subscribe(state, subscription)
            reasons.append(min(request.qos, limits.maximum_qos))
        self._send(Answers(Kind.SUBACK, packet.packet_id, reasons))
        for delivery in retained:
            state.offer(delivery, self.broker.now)

    def _check(self, request: Request) -> None:
        """What ends the connection, whatever else the packet asks for."""
        limits = self.broker.limits
        if request.filter.startswith("$share/"):
            if request.no_local:
                raise protocol_error("a shared subscription can't have the option no local")
            if not limits.shared:
                raise PacketError(
                    Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, "there are no shared subscriptions here"
                )
        if not limits.wildcards and ("+" in request.filter or "#" in request.filter):
            raise PacketError(
                Reason.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED, "there are no wildcard subscriptions here"
            )

    def _unsubscribe(self, packet: Unsubscribe) -> None:
        reasons = []
        for text in packet.filters:
            if self.broker.unsubscribe(self._state, text):
                reasons.append(int(Reason.SUCCESS))
            elif parted(text) is None:
                reasons.append(int(Reason.TOPIC_FILTER_INVALID))
            else:
                reasons.append(int(Reason.NO_SUBSCRIPTION_EXISTED))
        if self.version == V3:
            reasons = []
        self._send(Answers(Kind.UNSUBACK, packet.packet_id, reasons))

    # -- ends ------------------------------------------------------------------------------------------------

    @property
    def _state(self) -> SessionState:
        assert self._kept is not None
        return self._kept

    def _disconnect(self, packet: Disconnect) -> None:
        expiry = packet.properties.get(Property.SESSION_EXPIRY_INTERVAL)
        if expiry is not None:
            if expiry and not self._expiry_asked:
                raise protocol_error("a session that was to end with its connection can't be kept after all")
            self._state.expiry = _seconds(min(expiry, self.broker.limits.session_expiry))
        self._finish(End.CLOSE, with_will=packet.reason != Reason.SUCCESS)

    def _fail(self, error: PacketError) -> None:
        """Close the connection because of a mistake, and say so where the protocol has words for it."""
        self.observer.closed(error.reason, error.text)
        if self.state is Connection.CONNECTED:
            self._say_goodbye(error.reason, error.text)
        elif self.state is Connection.WAITING and error.version >= V5:
            self.version = V5
            self._send(Connack(False, error.reason, {Property.REASON_STRING: error.text}))
        elif self.state is Connection.WAITING and error.version and error.reason in CONNACK_CODES:
            self.version = V3
            self._send(Connack(False, CONNACK_CODES[error.reason]))
        self._finish(End.CLOSE)

    def _say_goodbye(self, reason: Reason, text: str) -> None:
        if self.version == V5:
            packet = Disconnect(reason, {Property.REASON_STRING: text})
            if self._largest and len(codec.write(packet, V5)) > self._largest:
                packet.properties = {}
            self._send(packet)

    def close_for_another(self) -> None:
        """Another connection takes the session over."""
        self._close(Reason.SESSION_TAKEN_OVER, "another connection has taken the session over")

    def close_for_shutdown(self) -> None:
        """The broker stops."""
        self._close(Reason.SERVER_SHUTTING_DOWN, "the broker stops")

    def _close(self, reason: Reason, text: str) -> None:
        self.observer.closed(reason, text)
        self._say_goodbye(reason, text)
        self._finish(End.CLOSE)

    def lost(self) -> None:
        """The stream ended: the client closed it, died, or can't be reached."""
        self._finish(self.end or End.RESET)

    def _finish(self, how: End, with_will: bool = True) -> None:
        self.state = CONNECTION.step(self.state, ConnectionInput.LOSE) or self.state
        if self.end is None:
            self.end = how
        self._read.clear()
        self._reader.clear()
        self._unreadable = True
        kept, self._kept = self._kept, None
        if kept is not None and kept.connection is self:
            self.broker.detach(kept, with_will)
        self.awake()

    # -- bytes out -------------------------------------------------------------------------------------------

    def _send(self, packet: Packet, delivery: Delivery | None = None) -> bool:
        """Send a packet, unless it is larger than the client takes [MQTT-3.1.2-24]."""
        data = codec.write(packet, self.version)
        if self._largest and len(data) > self._largest:
            return False
        self.observer.sends(packet, delivery)
        self.append(data)
        return True

    def send_message(self, delivery: Delivery, dup: bool) -> bool:
        """Send a message; False if the client can't take one of that size."""
        message = delivery.message
        topic, alias, told = message.topic, 0, {}
        if self.version == V5:
            told = message.told(self.broker.now)
            if delivery.identifiers:
                told[Property.SUBSCRIPTION_IDENTIFIER] = list(delivery.identifiers)
            known = self._aliases_out.get(topic)
            if known is not None:
                told[Property.TOPIC_ALIAS], topic = known, ""
            elif len(self._aliases_out) < self._alias_limit:
                alias = told[Property.TOPIC_ALIAS] = len(self._aliases_out) + 1
        packet = Publish(topic, message.payload, delivery.qos, delivery.retain, dup, delivery.packet_id, told)
        if not self._send(packet, delivery):
            return False
        if alias:
            self._aliases_out[topic] = alias
        return True

    def send_release(self, delivery: Delivery) -> None:
        """Send a PUBREL."""
        self._send(Ack(Kind.PUBREL, delivery.packet_id), delivery)

    def bytes_to_send(self) -> bytes:
        """Take what is to be sent; what it acknowledges is safe by then."""
        if self.unsent:
            self.broker.storage.flush()
        data = self.take()
        if self._held_back and self._kept is not None:
            self._held_back = False
            self._kept.pump(self.broker.now)
        return data

    # -- time ------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Give up a client of which nothing was heard for too long."""
        if self.end is not None or now < self.next_deadline():
            return
        self.observer.given_up()
        if self.state is Connection.CONNECTED:
            self._say_goodbye(Reason.KEEP_ALIVE_TIMEOUT, "nothing was heard for 1.5 keep-alive intervals")
        self._finish(End.CLOSE)

    def next_deadline(self) -> float:
        """When `tick` is next needed, in the broker's seconds; infinite if never."""
        if self.end is not None:
            return NEVER
        if self.state is Connection.WAITING:
            return self._heard_at + self.broker.limits.connect_timeout
        return self._heard_at + PATIENCE * self.heartbeat if self.heartbeat else NEVER


_REFUSALS = {
    Reason.SERVER_UNAVAILABLE: "the broker is not running",
    Reason.BAD_AUTHENTICATION_METHOD: "there is no extended login here",
    Reason.CLIENT_IDENTIFIER_NOT_VALID: "a client without a name can't have its session kept",
    Reason.BAD_USER_NAME_OR_PASSWORD: "no such user, or another password",
    Reason.QOS_NOT_SUPPORTED: "the will's QoS is not supported",
    Reason.RETAIN_NOT_SUPPORTED: "messages are not retained here, so a will can't be",
}


def _seconds(expiry: int) -> float:
    """A session expiry interval; `FOREVER` is infinite."""
    return NEVER if expiry == FOREVER else float(expiry)
