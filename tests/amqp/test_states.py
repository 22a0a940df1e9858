"""Every state against every input, on the tables and on a session that is brought into the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.header import ContentHeader, ProtocolHeader
from pamqp.heartbeat import Heartbeat

from mqsim.amqp.states import (
    CHANNEL,
    CONNECTION,
    CONTENT,
    MACHINES,
    ChannelInput,
    ConnectionInput,
    Content,
    ContentInput,
)
from mqsim.amqp.states import Channel as ChannelState
from mqsim.amqp.states import Connection as State
from tests.amqp.link import Client

if TYPE_CHECKING:
    from collections.abc import Callable

Input = ConnectionInput
START_OK = commands.Connection.StartOk({}, "PLAIN", "\0guest\0guest", "en_US")
SENT: dict[ConnectionInput, Callable[[Client], None]] = {
    Input.GREETING: lambda c: c.send_bytes(ProtocolHeader().marshal()),
    Input.START_OK: lambda c: c.send(0, START_OK),
    Input.TUNE_OK: lambda c: c.send(0, commands.Connection.TuneOk(100, 8192, 0)),
    Input.OPEN: lambda c: c.send(0, commands.Connection.Open("/")),
    Input.UPDATE_SECRET: lambda c: c.send(0, commands.Connection.UpdateSecret("x", "y")),
    Input.CLOSE: lambda c: c.send(0, commands.Connection.Close(200, "bye", 0, 0)),
    Input.CLOSE_OK: lambda c: c.send(0, commands.Connection.CloseOk()),
    Input.OTHER: lambda c: c.send(0, commands.Queue.Declare(queue="q")),
    Input.CHANNEL: lambda c: c.send(1, commands.Channel.Open()),
    Input.HEARTBEAT: lambda c: c.send(0, Heartbeat()),
    Input.LOSE: lambda c: c.session.lost(),
}


def _brought_to(state: State) -> Client:
    client = Client()
    steps: list[Callable[[], Any]] = [
        client.greet,
        client.log_in,
        client.tune,
        lambda: client.send(0, commands.Connection.Open("/")),
        lambda: client.send(0, commands.Connection.Open("/")),
        lambda: client.send(0, commands.Connection.CloseOk()),
    ]
    for step in steps[: list(State).index(state)]:
        step()
        client.read()
    assert client.session.state is state
    return client


@pytest.mark.parametrize("given", [given for given in Input if given is not Input.FAIL])
@pytest.mark.parametrize("state", list(State))
def test_a_connection_in_every_state_meets_every_input(state: State, given: ConnectionInput) -> None:
    """What the table knows happens; else nothing changes but that the connection ends."""
    client = _brought_to(state)
    before = client.session.end
    SENT[given](client)
    after = CONNECTION.step(state, given)
    session = client.session
    if state is State.CLOSED or given is Input.LOSE:
        assert session.state is State.CLOSED
        assert client.read() == []
        assert session.end is (before or session.end)
    elif given is Input.GREETING and state not in (State.GREETING, State.OPENING, State.RUNNING):
        # No frame begins so: the stream can't be read any more.
        assert session.state is State.CLOSED
    elif after is not None:
        assert session.state is after
        assert (session.end is not None) == (after is State.CLOSED)
    elif state in (State.OPENING, State.RUNNING):
        assert session.state in (State.CLOSING, State.CLOSED)
        close = client.read()[-1][1]
        assert close.name == "Connection.Close"
        assert close.reply_code in (501, 504, 505)
        if close.reply_code == 504:
            assert close.reply_text.endswith(f"in connection state {state.value}")
    elif state is State.GREETING:
        # Whatever is no greeting is answered with one, once there are eight bytes.
        assert [type(each) for _, each in client.read()] == [ProtocolHeader]
        assert session.end is not None
    else:
        assert client.read() == []
        assert session.state is State.CLOSED
    assert not client.broker.queues
    assert len(client.broker.connections) == (session.state is State.RUNNING)


METHODS: dict[ChannelInput, Callable[[Client], None]] = {
    ChannelInput.OPEN: lambda c: c.send(1, commands.Channel.Open()),
    ChannelInput.CLOSE: lambda c: c.send(1, commands.Channel.Close(200, "bye", 0, 0)),
    ChannelInput.CLOSE_OK: lambda c: c.send(1, commands.Channel.CloseOk()),
    ChannelInput.METHOD: lambda c: c.send(1, commands.Basic.Qos(prefetch_count=1)),
    ChannelInput.CONTENT: lambda c: c.send(1, ContentHeader(0, 0)),
}
ANSWERS = {
    (ChannelState.CLOSED, ChannelInput.OPEN): ["Channel.OpenOk"],
    (ChannelState.OPEN, ChannelInput.METHOD): ["Basic.QosOk"],
    (ChannelState.OPEN, ChannelInput.CLOSE): ["Channel.CloseOk"],
    (ChannelState.CLOSING, ChannelInput.CLOSE): ["Channel.CloseOk"],
}


@pytest.mark.parametrize("given", list(METHODS))
@pytest.mark.parametrize("state", list(ChannelState))
def test_a_channel_in_every_state_meets_every_input(state: ChannelState, given: ChannelInput) -> None:
    client = Client().open()
    if state is not ChannelState.CLOSED:
        client.send(1, commands.Channel.Open())
    if state is ChannelState.CLOSING:
        client.send(1, commands.Basic.Ack(7))
    client.read()
    METHODS[given](client)
    after = CHANNEL.step(state, given)
    expected = ANSWERS.get((state, given), [])
    # On an open channel no content is due; on one that is not open no method but channel.open.
    legal = after is not None and (state, given) != (ChannelState.OPEN, ChannelInput.CONTENT)
    assert client.names() == (expected if legal else ["Connection.Close"])
    open_ends = client.session.channels
    assert (1 in open_ends) == (legal and after is not ChannelState.CLOSED)
    if legal and after is not ChannelState.CLOSED:
        assert open_ends[1].state is after


FRAMES: dict[ContentInput, Any] = {
    ContentInput.METHOD: commands.Basic.Qos(prefetch_count=1),
    ContentInput.METHOD_WITH_CONTENT: commands.Basic.Publish(routing_key="q"),
    ContentInput.EMPTY_HEADER: ContentHeader(0, 0),
    ContentInput.HEADER: ContentHeader(0, 4),
    ContentInput.BODY: ContentBody(b"ab"),
    ContentInput.LAST_BODY: ContentBody(b"abcd"),
}


@pytest.mark.parametrize("given", list(ContentInput))
@pytest.mark.parametrize("due", list(Content))
def test_content_in_every_state_meets_every_input(due: Content, given: ContentInput) -> None:
    client = Client().open(1)
    client.ask(1, commands.Queue.Declare(queue="q"))
    if due is not Content.METHOD:
        client.send(1, FRAMES[ContentInput.METHOD_WITH_CONTENT])
    if due is Content.BODY:
        client.send(1, FRAMES[ContentInput.HEADER])
    assert client.session.channels[1].due is due
    client.send(1, FRAMES[given])
    after = CONTENT.step(due, given)
    if after is None:
        ((channel, close),) = client.read()
        assert (channel, close.name, close.reply_code) == (0, "Connection.Close", 505)
    else:
        assert client.session.channels[1].due is after
    published = given in (ContentInput.EMPTY_HEADER, ContentInput.LAST_BODY) and after is not None
    assert client.broker.queues["q"].waiting == published


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Any) -> None:
    reached = {machine.begin}
    while more := {after for (state, _), after in machine.table.items() if state in reached} - reached:
        reached |= more
    states: Any = type(machine.begin)
    assert reached == set(states)


def test_both_sides_close_at_once() -> None:
    client = Client().open(1)
    client.send(1, commands.Channel.Open())
    client.send(0, commands.Connection.Close(200, "bye", 0, 0))
    assert client.names() == ["Connection.Close", "Connection.CloseOk"]
    assert client.session.end is None
    client.send(0, commands.Connection.CloseOk())
    assert client.fate() == "closed"


def test_a_channel_number_can_be_used_again() -> None:
    client = Client().open(1)
    assert client.ask(1, commands.Channel.Close(200, "", 0, 0)).name == "Channel.CloseOk"
    assert client.ask(1, commands.Channel.Open()).name == "Channel.OpenOk"
    client.send(1, commands.Basic.Ack(7))
    assert client.fate() == ("channel", 406, "PRECONDITION_FAILED - unknown delivery tag 7", (60, 80))
    client.publish(1, "q")
    client.send(1, commands.Queue.Declare(queue="q"))
    assert client.read() == []
    assert not client.broker.queues
    client.send(1, commands.Channel.CloseOk())
    assert client.ask(1, commands.Channel.Open()).name == "Channel.OpenOk"
