"""The sequence diagrams of lesson 7 against the protocols: MQTT 3.1.1 and STOMP 1.2 by their specifications'
handshakes, AMQP by the broker's own session, step by step.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from mqsim_site.scenes import SceneError
from mqsim_site.sequences import lifelines, steps
from pamqp import commands
from pamqp.header import ProtocolHeader

from mqsim.broker import Broker
from mqsim.viz.sequence import Step
from tests.amqp.link import CAPABLE, PLAIN, Client
from tests.documents.pages import ROOT

LESSON = (ROOT / "lessons" / "07_protocols.md").read_text("utf-8")
DIAGRAMS = {
    found[1]: steps(found[2])
    for found in re.finditer(r"^```\{sequence\} (.+?)\n(.+?)^```$", LESSON, re.MULTILINE | re.DOTALL)
}


def diagram(begins: str) -> list[Step]:
    (found,) = [made for caption, made in DIAGRAMS.items() if caption.startswith(begins)]
    return found


def test_a_line_that_is_no_step_is_an_error() -> None:
    assert lifelines(steps("b -> a: x\nnote a: y")) == ["b", "a"]
    with pytest.raises(SceneError, match="is no step"):
        steps("a => b: x")


# MQTT 3.1.1, figures 4.1 to 4.3: what the sender says, and what the receiver answers, in order.
HANDSHAKES = {
    0: [("publisher", "PUBLISH")],
    1: [("publisher", "PUBLISH"), ("broker", "PUBACK")],
    2: [("publisher", "PUBLISH"), ("broker", "PUBREC"), ("publisher", "PUBREL"), ("broker", "PUBCOMP")],
}


@pytest.mark.parametrize("level", [0, 1, 2])
def test_mqtt_takes_the_steps_of_its_quality_of_service(level: int) -> None:
    sent = [step for step in diagram(f"MQTT, QoS {level}") if step.target]
    assert [step.lost for step in sent].count(True) == 1
    said = [(step.source, step.text.split()[0]) for step in sent]
    if level == 0:
        assert said == HANDSHAKES[0] * 2
        return
    lost = next(place for place, step in enumerate(sent) if step.lost)
    assert said[: lost + 1] == HANDSHAKES[level][: lost + 1]
    # Section 4.4: after connecting again what has no answer is sent again, marked, under its own number.
    assert said[lost + 1 :] == HANDSHAKES[level]
    assert "DUP" in sent[lost + 1].text
    assert {re.findall(r"packet (\d+)", step.text)[0] for step in sent} == {"7"}
    levels = {step.text for step in sent if step.text.startswith("PUBLISH")}
    assert all(f"QoS {level}" in text for text in levels)


def test_stomp_answers_by_its_numbers() -> None:
    sent = [step for step in diagram("STOMP") if step.target]
    assert [step.text.split()[0] for step in sent[:4]] == ["CONNECT", "CONNECTED", "SEND", "RECEIPT"]
    assert re.findall(r"\d+", sent[2].text) == re.findall(r"\d+", sent[3].text)
    for message, ack in ((sent[4], sent[5]), (sent[6], sent[7])):
        assert (message.source, ack.source) == ("broker", "consumer")
        assert (message.text.split()[0], ack.text.split()[0]) == ("MESSAGE", "ACK")
        assert re.findall(r"ack:(\d+)", message.text) == re.findall(r"id:(\d+)", ack.text)
    assert [step.lost for step in sent].index(True) == 5


# -- AMQP: the client's half is sent as it is drawn, and the session's answers are the broker's half ---------

CAPABILITIES: Any = {"capabilities": CAPABLE}
SAYS: dict[str, Any] = {
    "connection.start-ok": lambda: commands.Connection.StartOk(CAPABILITIES, "PLAIN", PLAIN),
    "connection.tune-ok": lambda: commands.Connection.TuneOk(2047, 131072, 0),
    "connection.open": lambda: commands.Connection.Open("/"),
    "channel.open": commands.Channel.Open,
    "confirm.select": commands.Confirm.Select,
    "basic.consume": lambda: commands.Basic.Consume(queue="q"),
    "basic.ack": lambda: commands.Basic.Ack(1),
}


def played(found: list[Step], clients: dict[str, Client]) -> list[Step]:
    """The steps that happen when the clients say their half; a connection breaks where a step is lost."""
    happened: list[Step] = []
    for step in found:
        if step.source == "broker" or not step.target:
            continue
        if step.lost:
            clients[step.source].session.lost()
            clients[step.source] = Client(clients[step.source].broker).open(1)
        elif step.text.startswith("AMQP"):
            clients[step.source].send_bytes(ProtocolHeader().marshal())
        elif step.text == "basic.publish":
            clients[step.source].publish(1, "q")
        else:
            clients[step.source].send(int(not step.text.startswith("connection")), SAYS[step.text]())
        happened.append(step)
        for name, client in clients.items():
            happened += [
                Step("broker", name, told(read)) for _, read in client.read() if hasattr(read, "frame_id")
            ]
    return happened


def told(read: Any) -> str:
    """A method as the page writes it."""
    group, _, method = read.name.partition(".")
    name = f"{group.lower()}.{re.sub(r'(?<=[a-z])Ok$', '-ok', method).lower()}"
    return f"{name} (redelivered)" if getattr(read, "redelivered", False) else name


@pytest.mark.parametrize("begins", ["AMQP: connecting", "AMQP: the consumer's"])
def test_amqp_happens_as_it_is_drawn(begins: str) -> None:
    broker = Broker()
    broker.connect("owner").channel().declare_queue("q")
    names = [name for name in lifelines(diagram(begins)) if name != "broker"]
    clients = {
        name: Client(broker) if begins.endswith("connecting") else Client(broker).open(1) for name in names
    }
    drawn = [step for step in diagram(begins) if step.target]
    assert played(diagram(begins), clients) == drawn
