"""A tiny client over a fake link: pamqp's own frames on one side, a session on the other, no sockets.

pamqp's codec, which the session does not use, is thereby the judge of what the session writes.
"""

from __future__ import annotations

from typing import Any

from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader, ProtocolHeader
from pamqp.heartbeat import Heartbeat

from mqsim.amqp import End, Limits, Session
from mqsim.broker import Broker

PLAIN = "\0guest\0guest"
CAPABLE = {
    "authentication_failure_close": True,
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "publisher_confirms": True,
}


class Client:
    """One client.

    Args:
        broker: what it is linked to; a new one unless told.
        version: the new one's profile.
        piece: bytes that the link carries at a time; 0 is all at once.

    Attributes:
        came: what came and was not asked for yet: (channel, frame).
    """

    def __init__(
        self,
        broker: Broker | None = None,
        version: str = "4.3",
        *,
        piece: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.broker = broker or Broker(version)
        self.piece = piece
        self.woken = 0
        self.came: list[tuple[int, Any]] = []
        self._data = b""
        self.session = Session(self.broker, "test", wake=self._wake, limits=limits, epoch=1e9)

    def _wake(self, session: Session) -> None:
        assert session is self.session
        self.woken += 1

    # -- sending

    def send_bytes(self, data: bytes) -> None:
        step = self.piece or len(data) or 1
        for start in range(0, len(data), step):
            self.session.receive(data[start : start + step])

    def send(self, channel: int, method: Any) -> None:
        self.send_bytes(frame.marshal(method, channel))

    def publish(
        self,
        channel: int,
        key: str,
        body: bytes = b"m",
        *,
        exchange: str = "",
        mandatory: bool = False,
        immediate: bool = False,
        piece: int = 100_000,
        **properties: Any,
    ) -> None:
        method = commands.Basic.Publish(
            exchange=exchange, routing_key=key, mandatory=mandatory, immediate=immediate
        )
        self.send(channel, method)
        header = ContentHeader(0, len(body), commands.Basic.Properties(**properties))
        self.send(channel, header)
        for start in range(0, len(body), piece):
            self.send(channel, ContentBody(body[start : start + piece]))

    # -- what comes

    def read(self) -> list[tuple[int, Any]]:
        """Take everything that has come."""
        while data := self.session.bytes_to_send():
            self._data += data
        while len(self._data) >= 8:
            if self._data.startswith(b"AMQP"):
                self.came.append((0, ProtocolHeader()))
                self._data = self._data[8:]
                continue
            size = int.from_bytes(self._data[3:7], "big") + 8
            whole, self._data = self._data[:size], self._data[size:]
            channel = int.from_bytes(whole[1:3], "big")
            if whole[0] == 8:
                self.came.append((channel, Heartbeat()))
            elif whole[0] == 3:
                self.came.append((channel, ContentBody(whole[7:-1])))
            else:
                used, channel, read = frame.unmarshal(whole)
                assert used == size
                self.came.append((channel, read))
        found, self.came = self.came, []
        return found

    def names(self) -> list[str]:
        """The names of what has come."""
        return [read.name for _, read in self.read()]

    def ask(self, channel: int, method: Any) -> Any:
        """Send a method and give back the one frame that answers it."""
        self.send(channel, method)
        found = self.read()
        assert len(found) == 1, found
        assert found[0][0] == channel
        return found[0][1]

    def messages(self) -> list[tuple[Any, ContentHeader, bytes]]:
        """What has come, which must be methods with content: (method, header, body)."""
        found: list[tuple[Any, ContentHeader, bytes]] = []
        waiting = [read for _, read in self.read()]
        while waiting:
            method, header = waiting.pop(0), waiting.pop(0)
            assert isinstance(header, ContentHeader)
            body = b""
            while len(body) < header.body_size:
                body += waiting.pop(0).value
            found.append((method, header, body))
        return found

    # -- getting there

    def greet(self) -> commands.Connection.Start:
        self.send_bytes(ProtocolHeader().marshal())
        ((_, start),) = self.read()
        return start  # type: ignore[no-any-return]

    def log_in(self, response: str = PLAIN, capabilities: dict[str, bool] | None = None) -> Any:
        told = {"capabilities": CAPABLE if capabilities is None else capabilities}
        self.send(0, commands.Connection.StartOk(told, "PLAIN", response, "en_US"))

    def tune(self, channel_max: int = 2047, frame_max: int = 131072, heartbeat: int = 0) -> None:
        self.send(0, commands.Connection.TuneOk(channel_max, frame_max, heartbeat))

    def open(self, *channels: int, capabilities: dict[str, bool] | None = None, **tuned: int) -> Client:
        """Open the connection and these channels."""
        self.greet()
        self.log_in(capabilities=capabilities)
        assert self.names() == ["Connection.Tune"]
        self.tune(**tuned)
        self.send(0, commands.Connection.Open("/"))
        assert self.names() == ["Connection.OpenOk"]
        for channel in channels:
            assert self.ask(channel, commands.Channel.Open()).name == "Channel.OpenOk"
        return self

    def fate(self) -> tuple[str, int, str, tuple[int, int]] | str:
        """What the server did in the end: a close (of what, code, text, method), `lost`, or `open`."""
        for channel, read in self.read():
            if read.name in ("Connection.Close", "Channel.Close"):
                what = "channel" if channel else "connection"
                return what, read.reply_code, read.reply_text, (read.class_id, read.method_id)
        if self.session.end is End.RESET:
            return "lost"
        return "closed" if self.session.end is End.CLOSE else "open"
