"""Every state against every input: on the tables, and on sessions that are brought into the state."""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.mqtt.packets import V5, Ack, Answers, Auth, Connack, Connect, Disconnect, Ping, Publish, kind_of
from mqsim.mqtt.properties import Kind
from mqsim.mqtt.reasons import Reason
from mqsim.mqtt.states import (
    CONNECTION,
    CONNECTION_INPUTS,
    INCOMING,
    LIFE,
    MACHINES,
    OUTGOING,
    Connection,
    ConnectionInput,
    Incoming,
    IncomingInput,
    Life,
    LifeInput,
    Outgoing,
    OutgoingInput,
)
from tests.mqtt.link import BOTH, Client

PACKETS: list[Any] = [
    Connect("c"),
    Connack(False),
    Publish("t", b""),
    Ack(Kind.PUBACK, 1),
    Ack(Kind.PUBREC, 1),
    Ack(Kind.PUBREL, 1),
    Ack(Kind.PUBCOMP, 1),
    Answers(Kind.SUBACK, 1, [0]),
    Answers(Kind.UNSUBACK, 1, [0]),
    Ping(Kind.PINGREQ),
    Ping(Kind.PINGRESP),
    Disconnect(),
    Auth(),
]


@pytest.mark.parametrize("packet", PACKETS, ids=lambda packet: kind_of(packet).name)
@pytest.mark.parametrize("state", list(Connection))
def test_a_connection_in_every_state_meets_every_packet(state: Connection, packet: Any) -> None:
    client = Client()
    if state is not Connection.WAITING:
        client.connect()
    if state is Connection.CLOSED:
        client.cut()
    assert client.session.state is state
    client.send(packet)
    given = CONNECTION_INPUTS.get(kind_of(packet), ConnectionInput.PACKET)
    after = CONNECTION.step(state, given)
    came = client.read()
    if after is not None:
        assert client.session.state is after
        assert (client.session.end is not None) == (after is Connection.CLOSED)
    else:
        assert client.session.state is Connection.CLOSED
        # Only to a client that is connected the protocol has something to say.
        told = [each.reason for each in came]
        assert told == ([Reason.PROTOCOL_ERROR] if state is Connection.CONNECTED else [])


@pytest.mark.parametrize(
    ("given", "version"),
    [
        (given, version)
        for given in OutgoingInput
        for version in BOTH
        # 3.1.1 can't refuse a message.
        if not given.name.startswith("SEND") and (given is not OutgoingInput.REFUSED or version == V5)
    ],
)
@pytest.mark.parametrize("state", [Outgoing.PUBLISHED_1, Outgoing.PUBLISHED_2, Outgoing.RELEASED])
def test_a_message_to_a_client_in_every_state_meets_every_answer(
    state: Outgoing, given: OutgoingInput, version: int
) -> None:
    client = Client(version=version).keep()
    client.subscribe("t")
    publisher = Client(client.broker, "p").connect()
    publisher.publish("t", qos=1 if state is Outgoing.PUBLISHED_1 else 2)
    publisher.ack(Kind.PUBREL, 1)
    (publish,) = client.read()
    if state is Outgoing.RELEASED:
        client.ack(Kind.PUBREC, publish.packet_id)
    delivery = client.broker.sessions["c"].in_flight[publish.packet_id]
    assert delivery.state is state
    if given is OutgoingInput.REFUSED:
        came = client.ack(Kind.PUBREC, publish.packet_id, 0x80)
    else:
        came = client.ack(Kind[given.name], publish.packet_id)
    after = OUTGOING.step(state, given)
    if after is None:
        assert client.session.end is not None
        assert delivery.state is state
        assert [each.reason for each in came] == ([Reason.PROTOCOL_ERROR] if version == V5 else [])
        return
    assert delivery.state is after
    in_flight = client.broker.sessions["c"].in_flight
    assert (publish.packet_id in in_flight) == (after is not Outgoing.DONE)
    assert [each.kind for each in came] == ([Kind.PUBREL] if after is Outgoing.RELEASED else [])


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("given", list(IncomingInput))
@pytest.mark.parametrize("state", [Incoming.NEW, Incoming.RECEIVED])
def test_a_qos_2_message_of_a_client_in_every_state(
    state: Incoming, given: IncomingInput, version: int
) -> None:
    client = Client(version=version).connect()
    client.subscribe("t", qos=0)
    if state is Incoming.RECEIVED:
        client.publish("t", qos=2)
    if given is IncomingInput.PUBLISH:
        came = client.publish("t", qos=2, dup=True)
        assert [each.kind for each in came] == [Kind.PUBREC]
        assert INCOMING.step(state, given) is Incoming.RECEIVED
        assert list(client.broker.sessions["c"].incoming) == [1]
        return
    came = client.ack(Kind.PUBREL, 1)
    (answer,) = [each for each in came if isinstance(each, Ack)]
    passed_on = [each for each in came if isinstance(each, Publish)]
    assert answer.kind is Kind.PUBCOMP
    assert len(passed_on) == (INCOMING.step(state, given) is Incoming.DONE) == (state is Incoming.RECEIVED)
    unknown = version == V5 and state is Incoming.NEW
    assert answer.reason == (Reason.PACKET_IDENTIFIER_NOT_FOUND if unknown else 0)


@pytest.mark.parametrize("given", list(LifeInput))
@pytest.mark.parametrize("state", list(Life))
def test_a_session_in_every_state_meets_every_input(state: Life, given: LifeInput) -> None:
    client = Client()
    if state is not Life.ABSENT:
        client.connect(expiry=10)
        client.subscribe("t")
    if state is Life.DETACHED:
        client.cut()
    broker, first = client.broker, client.session
    if given is LifeInput.LOSE:
        client.cut()
    elif given is LifeInput.EXPIRE:
        broker.advance(10.0)
    else:
        Client(broker).connect(clean=given is LifeInput.CLEAN, expiry=10)
    after = LIFE.step(state, given) or state
    kept = broker.sessions.get("c")
    assert (kept.life if kept else Life.ABSENT) is after
    if kept and given is LifeInput.CLEAN:
        assert not kept.subscriptions
    elif kept and state is not Life.ABSENT:
        assert list(kept.subscriptions) == ["t"]
    taken_over = state is Life.ATTACHED and given in (LifeInput.CONNECT, LifeInput.CLEAN)
    assert [each.reason for each in client.read()] == ([Reason.SESSION_TAKEN_OVER] if taken_over else [])
    assert (first.end is not None) == (taken_over or given is LifeInput.LOSE or state is Life.DETACHED)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Any) -> None:
    reached = {machine.begin}
    while more := {after for (state, _), after in machine.table.items() if state in reached} - reached:
        reached |= more
    states: Any = type(machine.begin)
    assert reached == set(states)
