"""A tiny scripted AMQP server: enough for pika to connect, declare, publish, consume, acknowledge and close.

Each consumer is sent three messages. It keeps a list of what it was asked.
"""

from __future__ import annotations

from typing import Any

from pamqp import body, commands, frame, header, heartbeat

from mqsim.guest.host.services import Connection, Peer

VERSION = b"AMQP\x00\x00\x09\x01"

ANSWERS: dict[type, Any] = {
    commands.Connection.StartOk: commands.Connection.Tune(2047, 131072, 60),
    commands.Connection.Open: commands.Connection.OpenOk(),
    commands.Connection.Close: commands.Connection.CloseOk(),
    commands.Channel.Open: commands.Channel.OpenOk(),
    commands.Channel.Close: commands.Channel.CloseOk(),
    commands.Queue.Declare: commands.Queue.DeclareOk("tasks", 0, 0),
    commands.Basic.Qos: commands.Basic.QosOk(),
}


class ScriptedPeer(Peer):
    """One client's connection."""

    def __init__(self, connection: Connection, asked: list[str]) -> None:
        self.connection = connection
        self.asked = asked
        self.buffer = b""

    def say(self, channel: int, *what: Any) -> None:
        self.connection.send(b"".join(frame.marshal(each, channel) for each in what))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.startswith(b"AMQP"):
            assert self.buffer[:8] == VERSION
            self.buffer = self.buffer[8:]
            self.say(0, commands.Connection.Start(0, 9, {"capabilities": {}}, "PLAIN", "en_US"))
        while self.buffer:
            size, channel, method = frame.unmarshal(self.buffer)
            if not size:
                return
            self.buffer = self.buffer[size:]
            self.take(channel, method)

    def take(self, channel: int, method: Any) -> None:
        if isinstance(method, heartbeat.Heartbeat):
            self.connection.send(frame.marshal(heartbeat.Heartbeat(), 0))
            self.asked.append("heartbeat")
            return
        if isinstance(method, body.ContentBody):
            self.asked.append(f"body {method.value!r}")
            return
        if isinstance(method, header.ContentHeader):
            return
        self.asked.append(method.name)
        if type(method) in ANSWERS:
            self.say(channel, ANSWERS[type(method)])
        if isinstance(method, commands.Basic.Cancel):
            self.say(channel, commands.Basic.CancelOk(method.consumer_tag))
        if isinstance(method, commands.Basic.Consume):
            self.say(channel, commands.Basic.ConsumeOk(method.consumer_tag))
            for tag in (1, 2, 3):
                text = f"task {tag}".encode()
                deliver = commands.Basic.Deliver(method.consumer_tag, tag, False, "", "tasks")
                head = header.ContentHeader(0, len(text), commands.Basic.Properties())
                self.say(channel, deliver, head, body.ContentBody(text))

    def closed(self) -> None:
        self.asked.append("closed")
