"""What each method does and how it is answered, over the fake link."""

from __future__ import annotations

from typing import Any

import pytest
from pamqp import commands
from pamqp.header import ContentHeader

from mqsim.amqp.frames import frame
from mqsim.amqp.methods import KINDS, AccessRequest, made, write_method
from mqsim.amqp.operations import OPERATIONS
from mqsim.broker import Envelope, Message
from tests.amqp.link import CAPABLE, Client

Basic, Queue, Exchange = commands.Basic, commands.Queue, commands.Exchange


def _ready() -> Client:
    client = Client().open(1)
    client.ask(1, Queue.Declare(queue="q"))
    return client


def test_exchanges_and_bindings() -> None:
    client = Client().open(1)
    answers = [
        client.ask(1, method).name
        for method in (
            Exchange.Declare(exchange="a", exchange_type="topic", durable=True),
            Exchange.Declare(exchange="b", exchange_type="fanout"),
            Exchange.Declare(exchange="a", passive=True),
            Queue.Declare(queue="q"),
            Exchange.Bind(destination="b", source="a", routing_key="x.#"),
            Queue.Bind(queue="q", exchange="b"),
        )
    ]
    assert answers == [
        *["Exchange.DeclareOk"] * 3,
        "Queue.DeclareOk",
        "Exchange.BindOk",
        "Queue.BindOk",
    ]
    client.publish(1, "x.y", exchange="a")
    client.publish(1, "y", exchange="a")
    assert client.ask(1, Queue.Declare(queue="q", passive=True)).message_count == 1
    client.ask(1, Exchange.Unbind(destination="b", source="a", routing_key="x.#"))
    client.ask(1, Queue.Unbind(queue="q", exchange="b"))
    client.publish(1, "x.y", exchange="a")
    assert client.ask(1, Queue.Purge(queue="q")).message_count == 1
    assert client.ask(1, Exchange.Delete(exchange="a")).name == "Exchange.DeleteOk"
    assert client.ask(1, Queue.Delete(queue="q")).message_count == 0
    assert "a" not in client.broker.exchanges


def test_a_queue_gets_a_name_from_the_server() -> None:
    client = Client().open(1)
    name = client.ask(1, Queue.Declare(queue="")).queue
    assert name.startswith("amq.gen-")
    client.publish(1, name)
    assert client.ask(1, Queue.Delete(queue="")).message_count == 1


@pytest.mark.parametrize(
    "method",
    [
        Exchange.Declare(exchange="e", nowait=True),
        Exchange.Bind(destination="amq.fanout", source="amq.topic", nowait=True),
        Exchange.Unbind(destination="amq.fanout", source="amq.topic", nowait=True),
        Exchange.Delete(exchange="e", nowait=True),
        Queue.Declare(queue="q", nowait=True),
        Queue.Bind(queue="q", exchange="amq.fanout", nowait=True),
        Queue.Purge(queue="q", nowait=True),
        Queue.Delete(queue="q", nowait=True),
        Basic.Consume(queue="q", consumer_tag="c", nowait=True),
        Basic.Cancel(consumer_tag="c", nowait=True),
        commands.Confirm.Select(nowait=True),
    ],
    ids=lambda method: method.name,
)
def test_who_does_not_wait_gets_no_answer(method: Any) -> None:
    client = _ready()
    client.send(1, method)
    assert client.read() == []
    assert client.ask(1, Basic.Qos(prefetch_count=1)).name == "Basic.QosOk"


def test_a_no_wait_that_fails_is_told() -> None:
    client = Client().open(1)
    client.send(1, Queue.Bind(queue="none", exchange="amq.fanout", nowait=True))
    told = "NOT_FOUND - no queue 'none' in vhost '/'"
    assert client.fate() == ("channel", 404, told, (50, 20))


def test_the_answer_to_consume_comes_before_its_deliveries() -> None:
    client = _ready()
    for body in (b"a", b"b"):
        client.publish(1, "q", body)
    client.send(1, Basic.Consume(queue="q"))
    ((_, answer), *rest) = client.read()
    assert answer.name == "Basic.ConsumeOk"
    assert answer.consumer_tag.startswith("amq.ctag-")
    assert [each.name for _, each in rest if each.name == "Basic.Deliver"] == ["Basic.Deliver"] * 2
    assert {each.consumer_tag for _, each in rest if each.name == "Basic.Deliver"} == {answer.consumer_tag}


def test_deliveries_are_acknowledged_one_way_or_the_other() -> None:
    client = _ready()
    for body in (b"a", b"b", b"c", b"d", b"e"):
        client.publish(1, "q", body)
    client.ask(1, Basic.Qos(prefetch_count=5))
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.came = client.read()[1:]
    first = client.messages()
    assert [(m.delivery_tag, m.redelivered, body) for m, _, body in first] == [
        (1, False, b"a"),
        (2, False, b"b"),
        (3, False, b"c"),
        (4, False, b"d"),
        (5, False, b"e"),
    ]
    client.send(1, Basic.Ack(1))
    client.send(1, Basic.Reject(2, requeue=False))
    client.send(1, Basic.Nack(4, multiple=True, requeue=True))
    again = client.messages()
    assert [(m.delivery_tag, m.redelivered, body) for m, _, body in again] == [
        (6, True, b"c"),
        (7, True, b"d"),
    ]
    client.send(1, Basic.Ack(0, multiple=True))
    assert client.ask(1, Basic.Cancel("c")).consumer_tag == "c"
    assert client.broker.queues["q"].unacked == client.broker.queues["q"].waiting == 0


def test_messages_are_fetched_one_by_one() -> None:
    client = _ready()
    assert client.ask(1, Basic.Get(queue="q")).name == "Basic.GetEmpty"
    client.publish(1, "q", b"a", content_type="text/plain", headers={"k": [1, "x"]})
    client.publish(1, "q", b"")
    client.send(1, Basic.Get(queue="q"))
    client.send(1, Basic.Get(queue="q", no_ack=True))
    (one, header, body), (two, _, empty) = client.messages()
    assert (one.message_count, one.routing_key, body) == (1, "q", b"a")
    assert (header.properties.content_type, header.properties.headers) == ("text/plain", {"k": [1, "x"]})
    assert (two.delivery_tag, two.message_count, empty) == (2, 0, b"")
    assert client.broker.queues["q"].unacked == 1


@pytest.mark.parametrize(("kind", "answers"), [(Basic.Recover, ["Basic.RecoverOk"]), (None, [])])
def test_recover_gives_back(kind: Any, answers: list[str]) -> None:
    client = _ready()
    client.publish(1, "q")
    client.send(1, Basic.Get(queue="q"))
    client.read()
    if kind is None:
        client.send_bytes(frame(1, 1, write_method(made(Basic.RecoverAsync, requeue=True))))
    else:
        client.send(1, kind(requeue=True))
    assert client.names() == answers
    assert client.broker.queues["q"].waiting == 1


def test_confirms() -> None:
    client = _ready()
    client.publish(1, "q", b"before")
    assert client.ask(1, commands.Confirm.Select()).name == "Confirm.SelectOk"
    client.publish(1, "q")
    ((_, ack),) = client.read()
    assert (ack.name, ack.delivery_tag, ack.multiple) == ("Basic.Ack", 1, False)
    for _ in range(10):
        client.publish(1, "q")
    ((_, ack),) = client.read()
    assert (ack.delivery_tag, ack.multiple) == (11, True)


def test_a_refused_publish_is_nacked_between_acks() -> None:
    client = Client().open(1)
    arguments = {"x-max-length": 2, "x-overflow": "reject-publish"}
    client.ask(1, Queue.Declare(queue="q", arguments=arguments))
    client.ask(1, commands.Confirm.Select())
    for _ in range(4):
        client.publish(1, "q")
    client.publish(1, "elsewhere")
    found = [(each.name, each.delivery_tag, getattr(each, "multiple", None)) for _, each in client.read()]
    assert found == [
        ("Basic.Ack", 2, True),
        ("Basic.Nack", 3, False),
        ("Basic.Nack", 4, False),
        ("Basic.Ack", 5, False),
    ]


class SlowDisk:
    """A disk that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def store(self, write: int, _message: Message) -> None:
        self.asked.append(write)

    def forget(self, write: int, _message: Message) -> None:
        self.asked.append(write)


def test_confirms_out_of_order_never_say_too_much() -> None:
    """`multiple` covers every number up to it: it must not be said while an earlier one is not safe."""
    client = Client().open(1)
    disk = client.broker.storage = SlowDisk()
    client.ask(1, Queue.Declare(queue="q", durable=True))
    client.ask(1, commands.Confirm.Select())
    for _ in range(6):
        client.publish(1, "q", delivery_mode=2)
    assert client.read() == []
    safe: set[int] = set()
    told: set[int] = set()
    for order in ((1, 2), (0,), (5, 4), (3,)):
        for index in order:
            client.broker.stored(disk.asked[index])
            safe.add(index + 1)
        for _, ack in client.read():
            told |= set(range(1, ack.delivery_tag + 1)) if ack.multiple else {ack.delivery_tag}
        assert told == safe
    assert told == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("ending", ["channel", "connection", "mistake", "stream"])
def test_what_becomes_safe_too_late_is_not_confirmed(ending: str) -> None:
    client = Client().open(1)
    disk = client.broker.storage = SlowDisk()
    client.ask(1, Queue.Declare(queue="q", durable=True))
    client.ask(1, commands.Confirm.Select())
    client.publish(1, "q", delivery_mode=2)
    if ending == "channel":
        client.send(1, commands.Channel.Close(200, "", 0, 0))
    elif ending == "connection":
        client.send(0, commands.Connection.Close(200, "", 0, 0))
    elif ending == "mistake":
        client.send(1, commands.Channel.Flow(active=False))
    else:
        client.session.lost()
    client.read()
    client.broker.stored(disk.asked[0])
    assert client.read() == []


def test_a_mandatory_message_comes_back_before_its_confirm() -> None:
    client = _ready()
    client.ask(1, commands.Confirm.Select())
    client.publish(1, "nowhere", b"lost", mandatory=True, headers={"BCC": ["x"], "a": 1})
    back, header, body, ack = [each for _, each in client.read()]
    assert (back.name, back.reply_code, back.reply_text) == ("Basic.Return", 312, "NO_ROUTE")
    assert (back.routing_key, body.value, ack.name) == ("nowhere", b"lost", "Basic.Ack")
    assert header.properties.headers == {"a": 1}


def test_transactions() -> None:
    client = _ready()
    assert client.ask(1, commands.Tx.Select()).name == "Tx.SelectOk"
    client.publish(1, "q")
    assert client.broker.queues["q"].waiting == 0
    assert client.ask(1, commands.Tx.Commit()).name == "Tx.CommitOk"
    client.publish(1, "q")
    assert client.ask(1, commands.Tx.Rollback()).name == "Tx.RollbackOk"
    assert client.broker.queues["q"].waiting == 1


@pytest.mark.parametrize("capable", [True, False])
def test_a_consumer_whose_queue_goes_is_told_if_it_understands(capable: bool) -> None:
    client = Client().open(1, capabilities=CAPABLE if capable else {})
    client.ask(1, Queue.Declare(queue="q"))
    client.ask(1, Basic.Consume(queue="q", consumer_tag="c"))
    other = Client(client.broker).open(1)
    other.ask(1, Queue.Delete(queue="q"))
    found = [(each.name, each.consumer_tag, each.nowait) for _, each in client.read()]
    assert found == ([("Basic.Cancel", "c", True)] if capable else [])


def test_who_deletes_the_queue_it_consumes_from_has_its_answer_first() -> None:
    client = Client().open(1, 2, capabilities=CAPABLE)
    client.ask(1, Queue.Declare(queue="q"))
    client.ask(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.ask(2, Basic.Consume(queue="q", consumer_tag="d"))
    client.send(1, Queue.Delete(queue="q"))
    found = client.read()
    assert [(number, each.name) for number, each in found] == [
        (1, "Queue.DeleteOk"),
        (1, "Basic.Cancel"),
        (2, "Basic.Cancel"),
    ]
    assert found[0][1].message_count == 0
    client.ask(1, Queue.Declare(queue="q"))
    client.ask(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.send(1, Queue.Delete(queue="q", nowait=True))
    assert client.names() == ["Basic.Cancel"]


@pytest.mark.parametrize(
    ("method", "text", "numbers"),
    [
        (commands.Channel.Flow(active=False), "active=false", (20, 20)),
        (Basic.Qos(prefetch_size=1000), "prefetch_size!=0 (1000)", (60, 10)),
        (Basic.Recover(requeue=False), "requeue=false", (60, 110)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_is_not_implemented_closes_the_connection(
    method: Any, text: str, numbers: tuple[int, int]
) -> None:
    client = _ready()
    client.send(1, method)
    assert client.fate() == ("connection", 540, f"NOT_IMPLEMENTED - {text}", numbers)
    assert not client.broker.connections


def test_immediate_is_not_implemented() -> None:
    client = _ready()
    client.publish(1, "q", immediate=True)
    assert client.fate() == ("connection", 540, "NOT_IMPLEMENTED - immediate=true", (60, 40))


def test_flow_goes_on() -> None:
    assert _ready().ask(1, commands.Channel.Flow(active=True)).active is True


def test_an_old_client_gets_its_ticket() -> None:
    client = _ready()
    client.send_bytes(frame(1, 1, write_method(made(AccessRequest, realm="/data", read=True))))
    assert client.session.bytes_to_send() == bytes.fromhex("01 0001 00000006 001e 000b 0001 ce")


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS.values() if kind.index >> 16 != 10 and kind not in OPERATIONS],
    ids=lambda kind: kind.name,
)
def test_what_only_servers_send_is_refused(kind: Any) -> None:
    """RabbitMQ reads the content that goes with a method before it looks at the method."""
    client = _ready()
    if kind.name in ("Channel.Open", "Channel.Close", "Basic.Publish"):
        return
    client.send_bytes(frame(1, 1, write_method(made(kind))))
    if kind in (Basic.Deliver, Basic.Return, Basic.GetOk):
        assert client.read() == []
        client.send(1, ContentHeader(0, 0))
    numbers = (kind.index >> 16, kind.index & 0xFFFF)
    expected: tuple[str, int, str, tuple[int, int]]
    if kind is Basic.CancelOk:
        expected = ("connection", 541, "INTERNAL_ERROR", (0, 0))
    else:
        expected = ("connection", 503, "COMMAND_INVALID - unimplemented method", numbers)
    assert client.fate() == expected


def test_a_message_of_a_model_has_its_size_in_zeros() -> None:
    client = _ready()
    envelope = Envelope("", "q", size=5, priority=3, persistent=True, expiration=1.5)
    client.broker.connect("a model").channel().publish(Message(envelope))
    client.send(1, Basic.Get(queue="q"))
    ((_, header, body),) = client.messages()
    said = header.properties
    assert (body, said.priority, said.delivery_mode, said.expiration) == (bytes(5), 3, 2, "1500")
