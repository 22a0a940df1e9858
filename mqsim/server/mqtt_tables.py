"""What the MQTT broker keeps, as tables of the broker's data file.

Times are seconds since 1970. A message is written as the PUBLISH of 5.0 that would carry it, a will as the
CONNECT.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mqsim.mqtt import codec
from mqsim.mqtt.message import NEVER, Message
from mqsim.mqtt.packets import V5, Connect, Publish, Request
from mqsim.mqtt.session_state import Delivery, SessionState
from mqsim.mqtt.states import Outgoing
from mqsim.mqtt.storage import Storage
from mqsim.mqtt.subscriptions import Subscription
from mqsim.mqtt.topics import Shared, parted

if TYPE_CHECKING:
    from mqsim.mqtt import Broker
    from mqsim.mqtt.packets import Packet, Will
    from mqsim.server.tables import File

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mqtt_sessions (client TEXT PRIMARY KEY, expiry REAL, will BLOB, will_at REAL,
    ends_at REAL);
CREATE TABLE IF NOT EXISTS mqtt_subscriptions (client TEXT, filter TEXT, qos INTEGER, no_local INTEGER,
    as_published INTEGER, handling INTEGER, identifier INTEGER, PRIMARY KEY (client, filter));
CREATE TABLE IF NOT EXISTS mqtt_retained (topic TEXT PRIMARY KEY, message BLOB, sender TEXT, expires REAL);
CREATE TABLE IF NOT EXISTS mqtt_incoming (client TEXT, packet_id INTEGER, message BLOB, sender TEXT,
    expires REAL, PRIMARY KEY (client, packet_id));
CREATE TABLE IF NOT EXISTS mqtt_deliveries (client TEXT, number INTEGER, message BLOB, sender TEXT,
    expires REAL, qos INTEGER, retain INTEGER, identifiers TEXT, share TEXT, state TEXT, packet_id INTEGER,
    PRIMARY KEY (client, number));
"""


class MqttTables(Storage):
    """A storage in the data file.

    Sessions that end with their connection are not kept. Changes gather until `flush`.

    Args:
        file: the data file.
        epoch: seconds since 1970 at the broker's time 0.
    """

    def __init__(self, file: File, epoch: float) -> None:
        self._file = file
        self._epoch = epoch
        self._changes: list[tuple[str, tuple[Any, ...]]] = []
        self._clients: set[str] = set()
        file.add_tables(_SCHEMA)

    def flush(self) -> None:
        """As `Storage` says.

        Raises:
            sqlite3.Error: the disk does not take it; it is tried again the next time.
        """
        if self._changes:
            self._file.execute(self._changes)
            self._changes = []

    def _do(self, statement: str, *values: Any) -> None:
        self._changes.append((statement, values))

    # -- changes ---------------------------------------------------------------------------------------------

    def keep_session(self, state: SessionState) -> None:
        """As `Storage` says."""
        if state.expiry:
            self._clients.add(state.client_id)
            self._do(
                "INSERT OR REPLACE INTO mqtt_sessions VALUES (?, ?, ?, ?, ?)",
                state.client_id,
                None if state.expiry == NEVER else state.expiry,
                None if state.will is None else _will_written(state.will),
                self._time_written(state.will_at),
                self._time_written(state.ends_at),
            )

    def forget_session(self, state: SessionState) -> None:
        """As `Storage` says."""
        if state.client_id in self._clients:
            self._clients.remove(state.client_id)
            for table in ("sessions", "subscriptions", "incoming", "deliveries"):
                self._do(f"DELETE FROM mqtt_{table} WHERE client = ?", state.client_id)

    def keep_subscription(self, subscription: Subscription) -> None:
        """As `Storage` says."""
        if subscription.client in self._clients:
            request = subscription.request
            self._do(
                "INSERT OR REPLACE INTO mqtt_subscriptions VALUES (?, ?, ?, ?, ?, ?, ?)",
                subscription.client,
                request.filter,
                request.qos,
                request.no_local,
                request.as_published,
                request.handling,
                subscription.identifier,
            )

    def forget_subscription(self, subscription: Subscription) -> None:
        """As `Storage` says."""
        if subscription.client in self._clients:
            self._do(
                "DELETE FROM mqtt_subscriptions WHERE client = ? AND filter = ?",
                subscription.client,
                subscription.request.filter,
            )

    def keep_delivery(self, state: SessionState, delivery: Delivery) -> None:
        """As `Storage` says."""
        if state.client_id in self._clients:
            self._do(
                "INSERT OR REPLACE INTO mqtt_deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                state.client_id,
                delivery.number,
                *self._written(delivery.message),
                delivery.qos,
                delivery.retain,
                json.dumps(delivery.identifiers),
                None if delivery.group is None else json.dumps(delivery.group),
                delivery.state.name,
                delivery.packet_id,
            )

    def forget_delivery(self, state: SessionState, delivery: Delivery) -> None:
        """As `Storage` says."""
        if state.client_id in self._clients:
            self._do(
                "DELETE FROM mqtt_deliveries WHERE client = ? AND number = ?",
                state.client_id,
                delivery.number,
            )

    def keep_incoming(self, state: SessionState, packet_id: int, message: Message) -> None:
        """As `Storage` says."""
        if state.client_id in self._clients:
            self._do(
                "INSERT OR REPLACE INTO mqtt_incoming VALUES (?, ?, ?, ?, ?)",
                state.client_id,
                packet_id,
                *self._written(message),
            )

    def forget_incoming(self, state: SessionState, packet_id: int) -> None:
        """As `Storage` says."""
        if state.client_id in self._clients:
            self._do(
                "DELETE FROM mqtt_incoming WHERE client = ? AND packet_id = ?", state.client_id, packet_id
            )

    def keep_retained(self, message: Message) -> None:
        """As `Storage` says."""
        self._do(
            "INSERT OR REPLACE INTO mqtt_retained VALUES (?, ?, ?, ?)", message.topic, *self._written(message)
        )

    def forget_retained(self, topic: str) -> None:
        """As `Storage` says."""
        self._do("DELETE FROM mqtt_retained WHERE topic = ?", topic)

    # -- rows ------------------------------------------------------------------------------------------------

    def _time_written(self, at: float) -> float | None:
        return None if at == NEVER else at + self._epoch

    def _time_read(self, at: float | None) -> float:
        return NEVER if at is None else at - self._epoch

    def _written(self, message: Message) -> tuple[bytes, str, float | None]:
        packet = Publish(
            message.topic,
            message.payload,
            message.qos,
            message.retain,
            packet_id=1,
            properties=message.properties,
        )
        return codec.write(packet, V5), message.sender, self._time_written(message.expires)

    def _read(self, data: bytes, sender: str, expires: float | None) -> Message:
        packet = _packet(data)
        assert isinstance(packet, Publish)
        at = self._time_read(expires)
        return Message(packet.topic, packet.payload, packet.qos, packet.retain, packet.properties, sender, at)

    # -- a restart -------------------------------------------------------------------------------------------

    def restore(self, broker: Broker) -> None:
        """Give a new broker what the file holds."""
        file, limits = self._file, broker.limits
        states: dict[str, SessionState] = {}
        for client, expiry, will, will_at, ends_at in file.rows("SELECT * FROM mqtt_sessions"):
            kept_for = NEVER if expiry is None else expiry
            state = SessionState(client, kept_for, limits.in_flight, limits.queued, self)
            if will is not None:
                packet = _packet(will)
                assert isinstance(packet, Connect)
                state.will = packet.will
            state.will_at, state.ends_at = self._time_read(will_at), self._time_read(ends_at)
            states[client] = state
        self._clients = set(states)
        for client, text, *options, identifier in file.rows("SELECT * FROM mqtt_subscriptions"):
            to = parted(text)
            assert to is not None
            qos, no_local, as_published, handling = options
            request = Request(text, qos, bool(no_local), bool(as_published), handling)
            states[client].subscriptions[text] = Subscription(client, to, request, identifier)
        for client, packet_id, *written in file.rows("SELECT * FROM mqtt_incoming"):
            states[client].incoming[packet_id] = self._read(*written)
        for row in file.rows("SELECT * FROM mqtt_deliveries ORDER BY client, number"):
            self._restore_delivery(states[row[0]], row)
        retained = [self._read(*row[1:]) for row in file.rows("SELECT * FROM mqtt_retained")]
        broker.restore(list(states.values()), retained)

    def _restore_delivery(self, state: SessionState, row: tuple[Any, ...]) -> None:
        _, number, *written, qos, retain, identifiers, share, name, packet_id = row
        group = None if share is None else Shared(*json.loads(share))
        delivery = Delivery(
            self._read(*written),
            qos,
            bool(retain),
            tuple(json.loads(identifiers)),
            group,
            number,
            Outgoing[name],
            packet_id,
        )
        state.number = max(state.number, number)
        if delivery.state is Outgoing.QUEUED:
            state.queue.append(delivery)
        else:
            state.in_flight[packet_id] = delivery


def _packet(data: bytes) -> Packet:
    reader = codec.PacketReader()
    reader.feed(data)
    found = reader.next()
    assert found is not None
    return codec.read(found[0], found[1], V5)


def _will_written(will: Will) -> bytes:
    return codec.write(Connect("", will=will), V5)
