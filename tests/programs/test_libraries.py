"""Nothing leaves the simulation unseen: client libraries that people use, against a real listener that must
hear nothing of them.

Tried are those that are installed. `.ci/run` brings the others, which `client-libraries.txt` lists.
"""

from __future__ import annotations

import importlib.util
import socket
from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.api.magic import program
from tests.programs.client_libraries import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.guest.carriers.carrier import CarrierFactory


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


def is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
    except ValueError:  # it has replaced itself in `sys.modules`
        return True


INSTALLED = [name for name in CLIENTS if is_there(name)]


def test_enough_libraries_are_there_to_say_something() -> None:
    assert {"_socket", "pika", "urllib.request"} <= set(INSTALLED)


@pytest.mark.filterwarnings("ignore")  # libraries complain of what programs leave open
@pytest.mark.parametrize("name", INSTALLED)
def test_a_library_reaches_nobody_outside(name: str, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    source = CLIENTS[name].replace("PORT", str(port)) + "\nprint('reached')\n"
    result = mq.run_programs({"p": program("p", source)}, until=600)
    texts = [line.text for line in result.lines]
    assert "reached" not in texts
    assert texts
    with pytest.raises(TimeoutError):
        listener.accept()


KOMBU = """
import kombu
with kombu.Connection("amqp://guest:guest@localhost//") as connection:
    queue = connection.SimpleQueue("letters")
    queue.put({"a": 1})
    print(queue.get(timeout=1).payload)
    queue.close()
"""

PIKA = """
import pika
connection = pika.BlockingConnection()
channel = connection.channel()
channel.queue_declare("letters")
channel.basic_publish("", "letters", "a")
print(channel.basic_get("letters", auto_ack=True)[2])
connection.close()
"""

AIO_PIKA = """
import asyncio, aio_pika
async def main():
    connection = await aio_pika.connect_robust("amqp://guest:guest@localhost/")
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("t")
        await channel.default_exchange.publish(aio_pika.Message(b"x"), routing_key="t")
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    await asyncio.sleep(2)
                    print("did", message.body)
                    break
asyncio.run(main())
"""

APSCHEDULER = """
from apscheduler.schedulers.blocking import BlockingScheduler
scheduler, ticks = BlockingScheduler(), []
@scheduler.scheduled_job("interval", seconds=10)
def tick():
    ticks.append(1)
    print("tick")
    if len(ticks) == 2:
        scheduler.shutdown(wait=False)
scheduler.start()
"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("needs", "source", "printed", "ends"),
    [
        case
        for case in (
            ("pika", PIKA, ["b'a'"], 0.0),
            ("kombu", KOMBU, ["{'a': 1}"], 0.0),
            ("aio_pika", AIO_PIKA, ["did b'x'"], 2.0),
            ("apscheduler", APSCHEDULER, ["tick", "tick"], 20.0),
        )
        if is_there(case[0])
    ],
)
def test_libraries_that_go_in_virtual_time(needs: str, source: str, printed: list[str], ends: float) -> None:
    result = mq.run_programs({"p": program("p", source)})
    assert [line.text for line in result.lines if line.stream == "stdout"] == printed
    (run,) = result.programs
    assert run.status == 0
    assert run.ended == pytest.approx(ends, abs=0.1)


def texts(source: str, carry: CarrierFactory) -> list[str]:
    return [line.text for line in mq.run_programs({"p": program("p", source)}, carry=carry).lines]


@pytest.mark.parametrize(
    "name", ["gevent", "twisted.internet", "tornado", "eventlet", "trio", "uvloop", "grpc", "zmq", "psycopg2"]
)
def test_what_cannot_be_in_virtual_time_is_refused_with_the_way_out(name: str, carry: CarrierFactory) -> None:
    found = texts(f"import {name}", carry)
    top = name.partition(".")[0]
    (said,) = (text for text in found if text.startswith("ImportError"))
    assert said.startswith(f"ImportError: {top} can't be used in virtual time: ")
    assert said.endswith("To run it as it is, start `mqsim broker` and run the program by itself.")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import _socket\n_socket.socket()", "opens a real socket or looks up a real name"),
        ("import sys\nsys.modules['os'].fork()", "starts another program"),
    ],
)
def test_what_is_real_is_refused_and_named(source: str, what: str, carry: CarrierFactory) -> None:
    found = texts(source, carry)
    assert any(text.startswith(what) and "which is refused" in text for text in found)
    assert found[-1] == "exits with status 1"


def test_threads_of_libraries_are_in_virtual_time(carry: CarrierFactory) -> None:
    """A class that a library took from `threading` before the guest was there."""
    source = """
import sys, time
real = sys.modules["threading"]
class Worker(real.Thread):
    def run(self):
        time.sleep(5)
        print("worked")
worker = Worker()
worker.start()
worker.join()
sys.modules["_thread"].start_new_thread(lambda: print("another"), ())
time.sleep(1)
print("joined")
"""
    result = mq.run_programs({"p": program("p", source)}, carry=carry)
    assert [(line.t, line.text) for line in result.lines] == [
        (5.0, "worked"),
        (5.0, "another"),
        (6.0, "joined"),
        (6.0, "exits with status 0"),
    ]


def test_tls_gets_a_sentence(carry: CarrierFactory) -> None:
    parameters = (
        "pika.ConnectionParameters('localhost', {port}, ssl_options=pika.SSLOptions(context, 'localhost'))"
    )
    for port in (5671, 5672):
        source = "import pika, ssl\ncontext = ssl.create_default_context()\n"
        found = texts(source + f"pika.BlockingConnection({parameters.format(port=port)})", carry)
        (said,) = (text for text in found if "wants TLS" in text)
        assert "there is no TLS in the simulation: connect without ssl_options to port 5672" in said
        assert found[-1] == "exits with status 1"
