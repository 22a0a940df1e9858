"""The MQTT broker on a TCP port, with paho-mqtt and aiomqtt as they are."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mqsim.broker import Broker
from mqsim.errors import UsageError
from mqsim.mqtt import Limits
from mqsim.server import Host
from mqsim.server.dialects import mqtt
from tests.conformance.servers import free_ports
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VERSIONS = [paho.MQTTv311, paho.MQTTv5]


@asynccontextmanager
async def listening(data: Path | None = None, *settings: str) -> AsyncIterator[tuple[Host, int]]:
    host = Host(Broker())
    if data is not None:
        host.keep(data)
    port = await host.listen("127.0.0.1", 0, dialect=mqtt(host, settings))
    try:
        yield host, port
    finally:
        await host.stop()


class Paho:
    """A paho client with a thread of its own, which notes what its callbacks are told."""

    def __init__(self, port: int, name: str, version: int = paho.MQTTv5, **connect: Any) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            name,
            protocol=version,
            **({"clean_session": False} if version == paho.MQTTv311 else {}),
        )
        self.ready, self.got, self.gone = threading.Event(), threading.Event(), threading.Event()
        self.messages: list[tuple[str, bytes, int, bool]] = []
        self.reasons: list[Any] = []
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._message
        self.client.on_disconnect = self._disconnected
        if version == paho.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 600
            connect = {"clean_start": False, "properties": properties, **connect}
        self.client.connect("127.0.0.1", port, **connect)
        self.client.loop_start()

    def _message(self, _client: Any, _data: Any, message: Any) -> None:
        self.messages.append((message.topic, message.payload, message.qos, message.retain))
        self.got.set()

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.reasons.append(reason)
        self.gone.set()

    async def until(self, event: threading.Event) -> None:
        assert await asyncio.to_thread(event.wait, PATIENCE)
        event.clear()

    async def publish(self, *args: Any, **options: Any) -> None:
        info = self.client.publish(*args, **options)
        await asyncio.to_thread(info.wait_for_publish, PATIENCE)
        assert info.is_published()

    async def subscribe(self, *args: Any) -> None:
        self.client.subscribe(*args)
        await self.until(self.ready)

    async def end(self) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)


@pytest.mark.parametrize("version", VERSIONS)
def test_paho_publishes_and_is_sent_each_qos(version: int) -> None:
    async def play() -> None:
        async with listening() as (_, port):
            one = Paho(port, "one", version)
            await one.subscribe("t/#", 2)
            for qos in (0, 1, 2):
                await one.publish(f"t/{qos}", b"x", qos, retain=qos == 2)
                await one.until(one.got)
            assert one.messages == [(f"t/{qos}", b"x", qos, False) for qos in (0, 1, 2)]
            other = Paho(port, "other", version)
            await other.subscribe("t/2", 1)
            await other.until(other.got)
            assert other.messages == [("t/2", b"x", 1, True)]
            await one.end()
            await other.end()

    asyncio.run(play())


def test_paho_is_told_that_its_session_is_taken_over() -> None:
    async def play() -> None:
        async with listening() as (_, port):
            first = Paho(port, "same")
            await first.subscribe("t")
            first.client.reconnect_delay_set(PATIENCE, PATIENCE)
            second = Paho(port, "same")
            await first.until(first.gone)
            assert first.reasons[0].value == 142
            await second.end()
            await first.end()

    asyncio.run(play())


def test_aiomqtt_has_its_will_published() -> None:
    async def play() -> None:
        async with listening() as (host, port):  # noqa: SIM117
            async with aiomqtt.Client("127.0.0.1", port, identifier="watch") as watch:
                await watch.subscribe("w")
                will = aiomqtt.Will("w", b"gone", qos=1)
                dying = aiomqtt.Client("127.0.0.1", port, identifier="dying", will=will)
                await dying.__aenter__()
                for stream in list(host.streams):
                    if getattr(stream.session, "client_id", "") == "dying":
                        stream.abort()
                async with asyncio.timeout(PATIENCE):
                    message = await anext(aiter(watch.messages))
                assert (str(message.topic), message.payload) == ("w", b"gone")
                with pytest.raises(aiomqtt.MqttError):
                    await dying.publish("x")

    asyncio.run(play())


@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_and_retained_messages_outlive_the_broker(version: int, tmp_path: Path) -> None:
    data = tmp_path / "data.db"

    async def before() -> None:
        async with listening(data) as (_, port):
            away = Paho(port, "away", version)
            await away.subscribe("t/#", 2)
            await away.end()
            here = Paho(port, "here", version)
            await here.publish("t/1", b"one", 1)
            await here.publish("t/2", b"two", 2, retain=True)
            await here.publish("gone", b"x", 1, retain=True)
            await here.publish("gone", b"", 1, retain=True)
            await here.end()

    async def after() -> None:
        async with listening(data) as (host, port):
            away = Paho(port, "away", version)
            while len(away.messages) < 2:
                await away.until(away.got)
            assert away.messages == [("t/1", b"one", 1, False), ("t/2", b"two", 2, False)]
            (broker,) = host.beside
            assert list(broker.retained) == ["t/2"]  # type: ignore[attr-defined]
            await away.end()

    asyncio.run(before())
    asyncio.run(after())


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    """The command with its options; the process is killed, and a new one has what was acknowledged."""
    port, amqp_port = free_ports(2)
    options = ["--data", str(tmp_path / "data.db"), "--mqtt-limit", "keep_alive=30"]
    options += ["--port", str(amqp_port), "--mqtt-port", str(port)]
    command = [sys.executable, "-m", "mqsim.cli", "broker", *options]

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("MQTT clients connect"):
                assert line == f"MQTT clients connect to 127.0.0.1:{port}, without TLS.\n"
                return process
        raise AssertionError("it ended")

    async def before() -> None:
        away = Paho(port, "away")
        await away.subscribe("t", 1)
        await away.end()
        here = Paho(port, "here")
        await here.publish("t", b"safe", 1)
        here.client.loop_stop()

    async def after() -> None:
        away = Paho(port, "away")
        await away.until(away.got)
        assert away.messages == [("t", b"safe", 1, False)]
        await away.end()

    for act, number in ((before, signal.SIGKILL), (after, signal.SIGTERM)):
        with start() as process:
            asyncio.run(act())
            process.send_signal(number)
            assert process.wait(PATIENCE) == (0 if number is signal.SIGTERM else -number)


def test_limits_by_their_names() -> None:
    given = ["keep_alive=60", "retained=false", "denied=a", "denied=b", "connect_timeout=2.5"]
    assert Limits.parse(given) == Limits(
        keep_alive=60, retained=False, denied=("a", "b"), connect_timeout=2.5
    )
    for wrong, told in (
        ("speed=3", "no MQTT limit 'speed'"),
        ("queued=many", "it must be a number"),
        ("shared=1", "it must be true or false"),
        ("in_flight=0", "takes 1 to 65535"),
    ):
        with pytest.raises(UsageError, match=told):
            Limits.parse([wrong])


def test_the_page_lists_every_limit_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    told = {name: default for names, default in rows for name in re.findall(r"\w+", names)}
    expected = {each.name: str(each.default).lower() for each in fields(Limits)}
    expected |= {"denied": "none", "response_information": "nothing"}
    assert told == expected
