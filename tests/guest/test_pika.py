"""Real, unmodified pika in virtual time, against a scripted server."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from tests.guest.amqp_peer import ScriptedPeer
from tests.guest.stage import Stage

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

LATENCY = 0.001


class Bench:
    def __init__(self, carry: CarrierFactory) -> None:
        self.asked: list[str] = []
        services = {("localhost", 5672): lambda connection: ScriptedPeer(connection, self.asked)}
        self.stage = Stage(carry, LATENCY, services)

    def play(self, source: str, until: float = 1000.0) -> list[str]:
        self.stage.add(self.stage.program(dedent(source).lstrip()))
        return [line.replace("  student     ", "", 1).lstrip() for line in self.stage.run(until)]


def test_a_connection_opens_and_closes_in_virtual_time(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    lines = bench.play(
        """
        import pika
        connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
        channel = connection.channel()
        print(channel.is_open)
        channel.queue_declare("tasks", durable=True)
        channel.basic_publish("", "tasks", b"one")
        connection.close()
        print(connection.is_closed)
        """
    )
    # TCP's handshake, the protocol's header, Start-Ok, Tune-Ok with Open, Channel.Open: a round trip each.
    # Then Queue.Declare; the publish waits for nobody; Channel.Close; Connection.Close.
    assert lines == ["0.010000True", "0.016000True", "0.016000* 0 0"]
    methods = "Connection.StartOk Connection.TuneOk Connection.Open Channel.Open Queue.Declare Basic.Publish"
    ends = ["body b'one'", "Channel.Close", "Connection.Close", "closed"]
    assert bench.asked == [*methods.split(), *ends]


def test_nobody_listens(carry: CarrierFactory) -> None:
    lines = Bench(carry).play(
        """
        import pika, time
        parameters = pika.ConnectionParameters("localhost", 5673, connection_attempts=3, retry_delay=2)
        began = time.time()
        try:
            pika.BlockingConnection(parameters)
        except pika.exceptions.AMQPConnectionError as error:
            print(repr(error), round(time.time() - began, 3))
        pika.BlockingConnection(pika.ConnectionParameters("nowhere"))
        """
    )
    refused = "AMQPConnectorSocketConnectError: ConnectionRefusedError(111, 'Connection refused')"
    assert lines[0].startswith(f"4.006000AMQPConnectionError: ({refused},")
    assert lines[0].endswith(") 4.006")
    assert lines[-2].endswith("! socket.gaierror: [Errno -2] Name or service not known")
    assert [line for line in lines if "File" in line] == [
        '4.006000!   File "student.py", line 8, in <module>'
    ]


CONSUMER = """
import pika, time
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.basic_qos(prefetch_count=1)
def work(channel, method, properties, body):
    print("begin", body.decode())
    time.sleep(2)
    channel.basic_ack(method.delivery_tag)
channel.basic_consume("tasks", work)
try:
    channel.start_consuming()
except KeyboardInterrupt:
    print("stopping")
    channel.stop_consuming()
connection.close()
"""


def test_a_consumer_works_and_is_stopped_by_ctrl_c(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    bench.stage.at(100.0, lambda: bench.stage.guests[0].interrupt())
    lines = bench.play(CONSUMER)
    assert [line.split()[0] for line in lines] == [
        "0.014000begin",
        "2.014000begin",
        "4.014000begin",
        "100.000000stopping",
        "100.006000*",
    ]
    assert bench.asked.count("Basic.Ack") == 3
    assert bench.asked[-4:] == ["Basic.Cancel", "Channel.Close", "Connection.Close", "closed"]


def test_an_idle_consumer_wakes_for_heartbeats_only(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    bench.play(CONSUMER, until=3600.0)
    beats = bench.asked.count("heartbeat")
    guest = bench.stage.guests[0]
    # With a timeout of 60 s pika sends every 30 s and checks every 35 s, and the answer to each wakes it too.
    assert 110 <= beats <= 120
    assert guest.resumed < 4 * beats
    assert not guest.sleeping


def test_threads_hand_their_acknowledgements_to_the_connection(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    lines = bench.play(
        """
        import functools, pika, threading, time
        connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
        channel = connection.channel()
        def acknowledge(tag):
            channel.basic_ack(tag)
            if tag == 3:
                channel.stop_consuming()
        def work(tag, body):
            time.sleep(tag)
            print(body.decode(), threading.current_thread().name)
            connection.add_callback_threadsafe(functools.partial(acknowledge, tag))
        def taken(channel, method, properties, body):
            tag = method.delivery_tag
            threading.Thread(target=work, args=(tag, body), name=f"w{tag}").start()
        channel.basic_consume("tasks", taken)
        channel.start_consuming()
        connection.close()
        """
    )
    assert lines[:3] == ["1.012000task 1 w1", "2.012000task 2 w2", "3.012000task 3 w3"]
    assert bench.asked.count("Basic.Ack") == 3


def test_a_select_connection_with_timers(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    lines = bench.play(
        """
        import pika
        def opened(connection):
            connection.channel(on_open_callback=ready)
        def ready(channel):
            print("ready", channel.is_open)
            channel.basic_consume("tasks", taken)
        def taken(channel, method, properties, body):
            print(body)
            if method.delivery_tag == 3:
                channel.connection.ioloop.call_later(5, channel.connection.close)
        def closed(connection, reason):
            print(type(reason).__name__, reason.reply_code)
            connection.ioloop.stop()
        parameters = pika.ConnectionParameters("localhost")
        connection = pika.SelectConnection(parameters, on_open_callback=opened, on_close_callback=closed)
        connection.ioloop.start()
        """
    )
    assert [line[8:] for line in lines[:4]] == ["ready True", "b'task 1'", "b'task 2'", "b'task 3'"]
    assert lines[4] == "5.016000ConnectionClosedByClient 200"


def test_pikas_own_log_goes_to_the_guest_that_asked_for_it(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    source = """
        import logging, sys
        form = "LOG %(name)s %(filename)s %(message).40s"
        logging.basicConfig(level=logging.INFO, stream=sys.stdout, format=form)
        import pika
        pika.BlockingConnection(pika.ConnectionParameters("localhost")).close()
        """
    lines = bench.play(source)
    quiet = Bench(carry).play(source.replace("basicConfig", "getLogger; (lambda **_: 0)"))
    assert (
        "0.000000LOG pika.adapters.utils.connection_workflow connection_workflow.py Pika version" in lines[0]
    )
    assert sum("LOG pika." in line for line in lines) > 5
    assert quiet == ["0.010000* 0 0"]


def test_a_killed_consumer_says_nothing_more(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    bench.stage.at(3.0, lambda: bench.stage.guests[0].kill())
    lines = bench.play(CONSUMER.replace("time.sleep(2)", "try: time.sleep(2)\n    finally: print('never')"))
    assert lines[-1] == "3.000000* 137 9 killed"
    assert not any("never" in line for line in lines[2:])
    assert bench.asked[-1] == "closed"
    assert bench.asked.count("Basic.Ack") == 1


def test_a_partition_while_connecting(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    link = bench.stage.directory.link("student")
    bench.stage.at(0.0, link.cut)
    bench.stage.at(11.0, link.heal)
    lines = bench.play(
        """
        import pika, time
        patience = {"socket_timeout": 10, "retry_delay": 0.5, "connection_attempts": 2}
        connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", **patience))
        print("at last")
        connection.close()
        """
    )
    # The first attempt gives up at 10; the second, at 10.5, is held by TCP until the link is whole again.
    assert lines == ["11.008000at last", "11.010000* 0 0"]
    assert bench.asked.count("Connection.Open") == 1


def test_an_asyncio_connection(carry: CarrierFactory) -> None:
    bench = Bench(carry)
    lines = bench.play(
        """
        import asyncio, pika
        from pika.adapters.asyncio_connection import AsyncioConnection
        def opened(connection):
            connection.ioloop.call_later(5, connection.close)
        def closed(connection, reason):
            print(reason)
            connection.ioloop.stop()
        parameters = pika.ConnectionParameters("localhost")
        connection = AsyncioConnection(parameters, opened, on_close_callback=closed)
        connection.ioloop.run_forever()
        connection.ioloop.close()
        """
    )
    assert lines == ["5.010000(200, 'Normal shutdown')", "5.010000* 0 0"]
