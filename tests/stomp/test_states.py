"""Every state against every frame, and bytes from nowhere: nobody but the one session is harmed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim.amqp.content import properties_of
from mqsim.broker import Broker, ConnectionState
from mqsim.protocol import End
from mqsim.stomp import Session
from mqsim.stomp.states import CONNECTION, INPUTS, Connection, Input

COMMANDS = [*INPUTS, "X", "MESSAGE", "send"]
HEADERS = {
    "nothing": "",
    "all": "destination:/queue/q\nid:0\ntransaction:t\nreceipt:r\nmessage-id:T_0@@s@@1\n",
    "login": "accept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n",
}
FRAMES = [
    f"{command}\n{HEADERS[kind]}\n\0".encode() for command, kind in itertools.product(COMMANDS, HEADERS)
]


def opened(broker: Broker | None = None) -> Session:
    session = Session(broker or Broker("3.10"))
    session.receive(b"CONNECT\naccept-version:1.2\n\n\0")
    assert session.bytes_to_send().startswith(b"CONNECTED\n")
    return session


def brought_to(state: Connection) -> Session:
    if state is Connection.OPENING:
        return Session(Broker("3.10"))
    session = opened()
    if state is Connection.CLOSED:
        session.receive(b"DISCONNECT\n\n\0")
        session.bytes_to_send()
    return session


@pytest.mark.parametrize("state", Connection)
@pytest.mark.parametrize("data", FRAMES)
def test_every_frame_in_every_state(state: Connection, data: bytes) -> None:
    session = brought_to(state)
    assert session.state is state
    session.receive(data)
    answer = session.bytes_to_send()
    given = INPUTS.get(data.split(b"\n")[0].decode(), Input.OTHER)
    if state is Connection.CLOSED:
        assert (answer, session.end) == (b"", End.CLOSE)
    elif CONNECTION.step(state, given) is None and given is not Input.CONNECT:
        # Out of place: told, and nothing has changed.
        assert answer.startswith(b"ERROR\n")
        assert session.state is state
    if session.end is None:
        session.receive(
            b"CONNECT\n\n\0" if session.state is Connection.OPENING else b"BEGIN\ntransaction:y\n\n\0"
        )
        session.bytes_to_send()
        assert session.state is Connection.RUNNING
    else:
        assert not session.linked
        assert not session.broker.connections


def test_the_table_knows_all_states_and_leaves_none_without_an_end() -> None:
    for state in Connection:
        assert CONNECTION.step(state, Input.LOSE) is Connection.CLOSED


_NAMES = [
    *(
        "destination",
        "id",
        "ack",
        "transaction",
        "receipt",
        "content-length",
        "message-id",
        "requeue",
        "durable",
    ),
    *("persistent", "priority", "timestamp", "reply-to", "expiration", "x-message-ttl", "x-max-length"),
    *(
        "x-queue-type",
        "x-queue-name",
        "prefetch-count",
        "exclusive",
        "auto-delete",
        "heart-beat",
        "host",
        "login",
    ),
    *("accept-version", "x-max-priority", "user-id", "type", "k\udcff"),
]
_VALUES = [
    *(
        "/queue/q",
        "/topic/a.*",
        "/exchange/amq.fanout",
        "/exchange/nowhere/k",
        "/amq/queue/q",
        "/temp-queue/t",
    ),
    *(
        "/reply-queue/x",
        "0",
        "1",
        "client",
        "client-individual",
        "t",
        "true",
        "-1",
        "9" * 30,
        "9" * 5000,
        "quorum",
    ),
    *("\\n", "\\", "T_0@@s@@1", "\udcff", "/queue/\udcff", "/exchange/\udcff/k", "", "1,1", "1.2"),
]
odd = st.tuples(
    st.sampled_from(COMMANDS),
    st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES)), max_size=6),
).map(
    lambda made: "\n".join([made[0], *(f"{name}:{value}" for name, value in made[1]), "", "m\0"]).encode(
        "utf-8", "surrogateescape"
    )
)
words = st.sampled_from(
    [
        *COMMANDS,
        "destination:/queue/q",
        "id:0",
        "ack:client",
        "transaction:t",
        "receipt:r",
        "content-length:2",
    ]
)
pieces = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"\n", b"\n\n", b"\0", b":", b"\\n", b"\r\n", b"CONNECT\naccept-version:1.2\n\n\0"]),
    words.map(lambda word: word.encode() + b"\n"),
    st.sampled_from(FRAMES),
    odd,
)


def tell_amqp_all(broker: Broker) -> int:
    """Have AMQP told of all that is in queues, as it could be asked for; how many messages that is."""
    channel, count = broker.connect("amqp").channel(), 0
    for queue in [name for name, queue in broker.queues.items() if queue.owner is None]:
        while (got := channel.get(queue, no_ack=True)) is not None:
            message = got[1]
            properties_of(message, 0.0, got=True)
            assert (message.envelope.exchange + message.envelope.key).encode() is not None
            count += 1
    channel.connection.close()
    return count


@pytest.mark.parametrize("command", ["SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "CONNECT"])
def test_every_header_with_every_odd_value(command: str) -> None:
    told = 0
    for name, value in itertools.product(_NAMES, _VALUES):
        broker = Broker("3.10")
        session = Session(broker) if command == "CONNECT" else opened(broker)
        head = "" if name == "destination" else "destination:/queue/q\n"
        session.receive(f"{command}\n{head}{name}:{value}\n\nbody\0".encode("utf-8", "surrogateescape"))
        session.bytes_to_send()
        told += tell_amqp_all(broker) if session.end is None or command == "SEND" else 0
        session.lost()
        assert not broker.connections
    assert (told > 300) == (command == "SEND")


@settings(max_examples=300)
@given(st.lists(pieces, max_size=25))
def test_no_bytes_harm_anything_but_their_session(sent: list[bytes]) -> None:
    broker = Broker("3.10")
    other = Session(broker, "other")
    other.receive(b"CONNECT\n\n\0SUBSCRIBE\ndestination:/queue/other\nid:0\n\n\0")
    session = Session(broker)
    session.receive(b"CONNECT\naccept-version:1.2\n\n\0")
    for piece in sent:
        session.receive(piece)
        session.bytes_to_send()
    session.lost()
    assert session.end is not None
    assert [link.name for link in broker.connections] == ["other"]
    tell_amqp_all(broker)
    other.bytes_to_send()
    other.receive(b"SEND\ndestination:/queue/other\n\nstill here\0")
    assert b"still here" in other.bytes_to_send()
    assert other.link is not None
    assert other.link.state is ConnectionState.OPEN
