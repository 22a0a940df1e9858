"""paho-mqtt and aiomqtt in virtual time: programs as they are, against the world's MQTT broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mqsim.api import run_programs
from mqsim.api.magic import program
from mqsim.trace.clients import ClientEventKind as Kind
from tests.programs.texts import lines

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

CONNECT = """
import time
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

def connected(name, version=5, **more):
    keep = {"clean_session": False} if version == 4 else {}
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, **keep)
    for key, value in more.items():
        setattr(client, key, value)
    if version == 5:
        kept = Properties(PacketTypes.CONNECT)
        kept.SessionExpiryInterval = 3600
        client.connect("localhost", 1883, properties=kept)
    else:
        client.connect("localhost", 1883)
    return client
"""
SUBSCRIBER = """
def on_connect(client, userdata, flags, reason, properties):
    print("connected", reason, flags.session_present)
    client.subscribe("t", QOS)

def on_message(client, userdata, message):
    print(message.payload.decode(), "again" if message.dup else "")

connected("subscriber", VERSION, on_connect=on_connect, on_message=on_message).loop_forever()
"""
PUBLISHER = """
client = connected("publisher", VERSION)
client.loop_start()
time.sleep(WAIT)
info = client.publish("t", "reading", QOS)
info.wait_for_publish()
print("published")
client.disconnect()
client.loop_stop()
"""


def texts(version: int = 5, qos: int = 1, wait: float = 2) -> dict[str, Any]:
    named = {"subscriber": SUBSCRIBER, "publisher": PUBLISHER}
    head = f"{CONNECT}\nVERSION, QOS, WAIT = {version}, {qos}, {wait}\n"
    return {name: program(name, head + text) for name, text in named.items()}


@pytest.mark.parametrize("version", [4, 5])
def test_programs_of_paho_run_as_they_are(version: int, carry: CarrierFactory) -> None:
    result = run_programs(texts(version), carry=carry)
    assert lines(result, "subscriber-1")[:2] == ["connected Success False", "reading "]
    assert lines(result, "publisher-1") == ["published", "* exits with status 0"]
    # Nothing but keep-alives is left, so the run ends.
    assert lines(result, "subscriber-1")[2].startswith("* waits in ")
    assert result.lines[-1].t < 10


def test_the_record_tells_of_connections() -> None:
    result = run_programs(texts())
    rows = [(row.who, row.kind) for row in result.trace.clients if row.connection]
    assert rows.count(("publisher-1", Kind.CONNECTION_OPENED)) == 1
    assert rows.count(("publisher-1", Kind.CONNECTION_CLOSED)) == 1
    assert rows.count(("subscriber-1", Kind.CONNECTION_LEFT_OPEN)) == 1


def test_an_idle_day_takes_few_steps() -> None:
    """A PINGREQ and its answer a minute, and not a round of paho's loop a second."""
    text = CONNECT + "import time\nclient = connected('idle')\nclient.loop_start()\ntime.sleep(80_000)\n"
    text += "client.loop_stop()\nprint('stopped', client.is_connected())\n"
    result = run_programs({"idle": program("idle", text)})
    assert lines(result, "idle-1")[0] == "stopped True"
    assert result.lines[0].t == pytest.approx(80_000, abs=2)


def test_loop_stop_takes_to_the_end_of_the_round() -> None:
    """paho's thread looks once a second whether it is to stop."""
    text = CONNECT + "client = connected('idle')\nclient.loop_start()\ntime.sleep(90.3)\n"
    text += "client.loop_stop()\n"
    result = run_programs({"idle": program("idle", text)})
    # The PINGREQ of the 60th second begins the rounds anew.
    assert 90.3 < result.lines[-1].t <= 91.31


def test_aiomqtt(carry: CarrierFactory) -> None:
    text = """
import asyncio
import aiomqtt

async def main():
    will = aiomqtt.Will("w", "gone")
    async with aiomqtt.Client("localhost", identifier="aio", will=will) as client:
        await client.subscribe("t", qos=2)
        async for message in client.messages:
            print(message.topic, message.payload.decode(), message.qos)
            return

asyncio.run(main())
"""
    result = run_programs({"aio": program("aio", text), "publisher": texts()["publisher"]}, carry=carry)
    assert lines(result, "aio-1") == ["t reading 1", "* exits with status 0"]


def test_a_killed_program_has_its_will_published(carry: CarrierFactory) -> None:
    willing = """
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "willing")
client.will_set("t", "it is gone", 1)
client.connect("localhost")
client.loop_forever()
"""
    programs = {"subscriber": texts()["subscriber"], "willing": program("willing", CONNECT + willing)}
    result = run_programs(programs, faults=[{"kill": "willing-1", "at": 5}], carry=carry)
    assert "it is gone " in lines(result, "subscriber-1")


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("who", ["publisher-1", "subscriber-1"])
def test_paho_wherever_its_connection_is_cut(version: int, who: str) -> None:
    """Each way takes 0.1 s; the cuts fall between the packets of the handshakes, one after another."""
    came = {1: 0, 2: 0}
    for qos in (1, 2):
        for k in range(9):
            cut = {"drop_connection": who, "at": 2.25 + 0.1 * k}
            result = run_programs(texts(version, qos), faults=[cut], latency=0.1)
            got = [line for line in lines(result, "subscriber-1") if line.startswith("reading")]
            assert "published" in lines(result, "publisher-1")
            assert len(got) in ((1,) if qos == 2 else (1, 2)), (k, got)
            came[qos] = max(came[qos], len(got))
    # The cut behind PUBLISH and before PUBACK is among them.
    assert came == {1: 2, 2: 1}


def test_sessions_outlive_the_broker() -> None:
    faults = [{"kill": "broker", "at": 1, "down": 3}]
    result = run_programs(texts(wait=20), faults=faults)
    said = lines(result, "subscriber-1")
    told = [line for line in said if not line.startswith("*")]
    assert told == ["connected Success False", "connected Success True", "reading "]
