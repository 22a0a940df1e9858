"""The record of what client programs do: each kind of event, in both carriers, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim.api.magic import program
from mqsim.trace.clients import ClientEventKind as Kind
from tests.programs.texts import DECLARED, LATENCY, SUBSCRIBED, TRIP

if TYPE_CHECKING:
    from mqsim.api import ProgramsResult
    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.trace import ClientEvent

HEAD = """
import pika, sys, threading, time
connection = pika.BlockingConnection(pika.ConnectionParameters(
    "localhost", heartbeat=30, client_properties={"connection_name": "shop"}))
channel = connection.channel()
"""


def play(text: str, carry: CarrierFactory | None = None, **options: Any) -> ProgramsResult:
    return mq.run_programs({"a": program("a", HEAD + text)}, carry=carry, **options)


def events(text: str, carry: CarrierFactory | None = None, **options: Any) -> list[ClientEvent]:
    return play(text, carry, **options).trace.clients.rows


def kinds(rows: list[ClientEvent]) -> list[Kind]:
    return [row.kind for row in rows]


def one(rows: list[ClientEvent], kind: Kind) -> ClientEvent:
    (found,) = (row for row in rows if row.kind is kind)
    return found


def test_a_connection_that_is_closed_in_order(carry: CarrierFactory) -> None:
    rows = events("channel.close(); connection.close(); sys.exit(3)", carry)
    assert kinds(rows) == [
        Kind.PROCESS_STARTED,
        Kind.CONNECTION_OPENED,
        Kind.CHANNEL_OPENED,
        Kind.CHANNEL_CLOSED,
        Kind.CONNECTION_CLOSED,
        Kind.PROCESS_EXITED,
    ]
    opened = one(rows, Kind.CONNECTION_OPENED)
    assert opened.properties is not None
    assert opened.properties["connection_name"] == "shop"
    assert (opened.heartbeat, opened.user, opened.virtual_host) == (30.0, "guest", "/")
    assert (opened.who, opened.life, opened.connection) == ("a-1", 1, 1)
    assert opened.t == pytest.approx(3 * TRIP + LATENCY)
    assert rows[2].t == pytest.approx(4 * TRIP)
    assert all(row.outcome == "ok" for row in rows[1:5])
    assert (rows[-1].status, rows[-1].text) == (3, "exits with status 3")


def test_what_is_declared(carry: CarrierFactory) -> None:
    rows = events(
        """
channel.queue_declare("tasks", durable=True, arguments={"x-max-length": 5})
name = channel.queue_declare("", exclusive=True).method.queue
channel.exchange_declare("e", "topic", auto_delete=True)
channel.queue_bind("tasks", "e", "a.*", {"k": 1})
channel.queue_declare("tasks", passive=True)
print(name)
""",
        carry,
    )
    first, second, passive = (row for row in rows if row.kind is Kind.QUEUE_DECLARED)
    assert (first.queue, first.durable, first.exclusive, first.passive) == ("tasks", True, False, False)
    assert first.arguments == {"x-max-length": 5}
    assert first.t == pytest.approx(DECLARED - TRIP)
    assert (second.exclusive, second.durable) == (True, False)
    assert second.queue.startswith("amq.gen-")
    assert passive.passive
    exchange = one(rows, Kind.EXCHANGE_DECLARED)
    assert (exchange.exchange, exchange.type, exchange.auto_delete) == ("e", "topic", True)
    bound = one(rows, Kind.QUEUE_BOUND)
    assert (bound.queue, bound.exchange, bound.key, bound.arguments) == ("tasks", "e", "a.*", {"k": 1})


def test_a_refusal_is_the_outcome_and_closes_the_channel(carry: CarrierFactory) -> None:
    rows = events(
        "try:\n    channel.queue_declare('none', passive=True)\nexcept Exception:\n    pass\n"
        "channel = connection.channel()\nconnection.close()",
        carry,
    )
    assert one(rows, Kind.QUEUE_DECLARED).outcome.startswith("404 NOT_FOUND - no queue 'none'")
    closed = one(rows, Kind.CHANNEL_CLOSED_BY_SERVER)
    assert (closed.code, closed.channel) == (404, 1)
    assert [row.channel for row in rows if row.kind is Kind.CHANNEL_OPENED] == [1, 1]


def test_publishes_and_their_answers(carry: CarrierFactory) -> None:
    result = play(
        """
channel.queue_declare("q")
channel.basic_publish("", "q", b"before")
channel.confirm_delivery()
lasting = pika.BasicProperties(delivery_mode=2, headers={"x": 1}, content_type="text/plain")
channel.basic_publish("", "q", b"safe", lasting, mandatory=True)
try:
    channel.basic_publish("", "nowhere", b"lost", mandatory=True)
except pika.exceptions.UnroutableError:
    pass
""",
        carry,
    )
    rows = result.trace.clients.rows
    before, safe, lost = (row for row in rows if row.kind is Kind.PUBLISHED)
    assert (before.confirms, before.persistent, before.mandatory, before.size) == (False, False, False, 6)
    assert (safe.confirms, safe.persistent, safe.mandatory, safe.number) == (True, True, True, 1)
    assert (safe.key, safe.body_text, safe.headers) == ("q", "safe", {"x": 1})
    assert safe.properties is not None
    assert safe.properties["content_type"] == "text/plain"
    assert (lost.number, lost.key) == (2, "nowhere")
    assert len({before.digest, safe.digest, lost.digest}) == 3
    assert [row.row for row in (before, safe, lost)] == [0, 1, 2]
    assert result.messages["outcome"].tolist() == ["ready", "ready", "unroutable"]
    returned = one(rows, Kind.RETURNED)
    assert (returned.code, returned.text, returned.row, returned.key) == (312, "NO_ROUTE", 2, "nowhere")
    answers = [row for row in rows if row.kind is Kind.CONFIRMED]
    assert [(row.number, row.row) for row in answers] == [(1, 1), (2, 2)]
    assert answers[0].t == pytest.approx(safe.t + TRIP)
    assert kinds(rows).index(Kind.RETURNED) < kinds(rows).index(
        Kind.CONFIRMED, kinds(rows).index(Kind.RETURNED)
    )


def test_a_publish_that_never_arrives_has_no_outcome() -> None:
    result = play(
        "channel.queue_declare('q')\nchannel.basic_publish('', 'q', b'x')\ntime.sleep(9)",
        faults=[{"kill": "broker", "at": DECLARED + LATENCY / 2}],
    )
    published = one(result.trace.clients.rows, Kind.PUBLISHED)
    assert published.outcome == ""
    assert result.messages["outcome"].tolist() == ["lost"]
    assert one(result.trace.clients.rows, Kind.CONNECTION_DROPPED).text == "broker gone"


CONSUME = """
channel.queue_declare("q")
for body in ("one", "two"):
    channel.basic_publish("", "q", body)
channel.basic_qos(prefetch_count=3)
def work(channel, method, properties, body):
    {work}
channel.basic_consume("q", work, auto_ack={auto}, consumer_tag="mine")
channel.start_consuming()
"""


def test_consuming_and_answering(carry: CarrierFactory) -> None:
    work = (
        "channel.basic_nack(method.delivery_tag, requeue=False) if body == b'one' "
        "else (channel.basic_ack(method.delivery_tag, True), channel.stop_consuming())"
    )
    rows = events(CONSUME.format(work=work, auto=False), carry)
    qos, consumed = one(rows, Kind.QOS), one(rows, Kind.CONSUMED)
    assert (qos.prefetch, qos.shared) == (3, False)
    assert (consumed.queue, consumed.consumer_tag, consumed.auto_ack, consumed.prefetch) == (
        "q",
        "mine",
        False,
        3,
    )
    nacked, acked = one(rows, Kind.NACKED), one(rows, Kind.ACKED)
    assert (nacked.delivery_tag, nacked.requeue, nacked.multiple, nacked.row) == (1, False, False, 0)
    assert (acked.delivery_tag, acked.multiple, acked.row) == (2, True, 1)
    assert one(rows, Kind.CANCELLED).consumer_tag == "mine"
    assert one(rows, Kind.CONNECTION_DROPPED).text == "program ended"


def test_get_and_the_modes_of_a_channel(carry: CarrierFactory) -> None:
    rows = events(
        """
channel.queue_declare("q")
channel.tx_select()
channel.basic_publish("", "q", "x")
channel.tx_commit()
channel.tx_rollback()
channel.basic_get("q", auto_ack=True)
channel.basic_get("q")
""",
        carry,
    )
    full, empty = (row for row in rows if row.kind is Kind.GOT)
    assert (full.queue, full.auto_ack, full.row) == ("q", True, 0)
    assert (empty.auto_ack, empty.row) == (False, -1)
    assert [k for k in kinds(rows) if k.value.startswith("tx")] == [
        Kind.TX_SELECTED,
        Kind.TX_COMMITTED,
        Kind.TX_ROLLED_BACK,
    ]


def test_ends_of_connections_that_nobody_closed(carry: CarrierFactory) -> None:
    wait = CONSUME.format(work="channel.basic_ack(method.delivery_tag)", auto=False)
    left = events(wait, carry)
    assert kinds(left)[-1] is Kind.CONNECTION_LEFT_OPEN
    killed = events(wait, carry, faults=[{"kill": "a", "at": 1}, {"restart": "a", "at": 2}])
    assert [row.text for row in killed if row.kind is Kind.CONNECTION_DROPPED] == ["program killed"] * len(
        [row for row in killed if row.kind is Kind.CONNECTION_DROPPED]
    )
    assert [row.life for row in killed if row.kind is Kind.CONNECTION_OPENED] == [1, 2]
    dark = events(wait, carry, faults=[{"power_off": "a-1", "at": 1}])
    assert one(dark, Kind.CONNECTION_DROPPED).text == "machine switched off"
    broken = events(wait, carry, faults=[{"drop_connection": "a-1", "at": 1}])
    assert one(broken, Kind.CONNECTION_DROPPED).text == "connection reset"
    stopped = events(wait, carry, faults=[{"restart": "broker", "at": 1}])
    assert one(stopped, Kind.CONNECTION_CLOSED_BY_SERVER).code == 320
    slept = events("connection.process_data_events()\ntime.sleep(120)", carry)
    assert one(slept, Kind.CONNECTION_DROPPED).text == "heartbeat missed"


def test_nobody_listens(carry: CarrierFactory) -> None:
    text = "pika.BlockingConnection(pika.ConnectionParameters('localhost', port=5999, connection_attempts=1))"
    refused = [row for row in events(text, carry) if row.kind is Kind.CONNECTION_REFUSED]
    assert refused
    assert {row.text for row in refused} == {"localhost:5999"}


def test_the_thread_that_used_a_channel(carry: CarrierFactory) -> None:
    rows = events(
        """
channel.queue_declare("q")
def publish():
    channel.basic_publish("", "q", "from the thread")
thread = threading.Thread(target=publish, name="second")
thread.start()
thread.join()
channel.basic_publish("", "q", "from the main thread")
connection.close()
""",
        carry,
    )
    assert [row.thread for row in rows if row.kind is Kind.PUBLISHED] == ["second", "MainThread"]
    assert one(rows, Kind.QUEUE_DECLARED).thread == "MainThread"
    assert one(rows, Kind.CONNECTION_CLOSED).thread == "MainThread"


@pytest.mark.parametrize("auto", [True, False])
@pytest.mark.parametrize(
    ("work", "text"),
    [
        ("sys.exit()", "SystemExit"),
        ("sys.exit(0)", "SystemExit: 0"),
        ("raise ValueError('no')", "ValueError: no"),
    ],
)
def test_who_leaves_within_a_callback_has_not_finished_the_task(
    auto: bool, work: str, text: str, carry: CarrierFactory
) -> None:
    result = play(CONSUME.format(work=work, auto=auto), carry)
    raised = one(result.trace.clients.rows, Kind.CALLBACK_RAISED)
    assert (raised.text, raised.delivery_tag, raised.row) == (text, 1, 0)
    assert result.messages["finished"].isna().all()
    assert result.messages["outcome"].tolist() == (["lost", "lost"] if auto else ["ready", "ready"])


@pytest.mark.parametrize("auto", [True, False])
def test_when_a_callback_comes_back_is_told_whatever_it_acknowledges(
    auto: bool, carry: CarrierFactory
) -> None:
    result = play("import time\n" + CONSUME.format(work="time.sleep(2)", auto=auto), carry)
    back = [row for row in result.trace.clients.rows if row.kind is Kind.CALLBACK_RETURNED]
    assert [(row.delivery_tag, row.row) for row in back] == [(1, 0), (2, 1)]
    assert back[1].t - back[0].t == pytest.approx(2, abs=1e-5)
    assert not list(result.trace.clients.of(Kind.CALLBACK_RAISED))


def test_os_exit_within_a_callback_is_no_end_of_the_task_either(carry: CarrierFactory) -> None:
    result = play("import os\n" + CONSUME.format(work="os._exit(0)", auto=True), carry)
    assert result.messages["finished"].isna().all()
    assert result.messages["outcome"].tolist() == ["lost", "lost"]
    assert one(result.trace.clients.rows, Kind.PROCESS_EXITED).status == 0


def test_the_record_changes_no_digest_and_is_the_same_twice() -> None:
    text = CONSUME.format(work="channel.basic_ack(method.delivery_tag)", auto=False)
    first, second = play(text), play(text)
    assert [row.to_data() for row in first.trace.clients] == [row.to_data() for row in second.trace.clients]
    before = first.digest(), first.event_digest()
    first.trace.clients.rows.clear()
    assert (first.digest(), first.event_digest()) == before


def test_rows_by_kind_and_by_name() -> None:
    clients = play("channel.close(); connection.close()").trace.clients
    assert len(list(clients.of())) == len(clients) == 6
    assert kinds(list(clients.of(Kind.CONNECTION_OPENED, Kind.CONNECTION_CLOSED, who="a"))) == [
        Kind.CONNECTION_OPENED,
        Kind.CONNECTION_CLOSED,
    ]
    assert not list(clients.of(who="b"))
    assert SUBSCRIBED > DECLARED
