"""Facts played with pika, against whatever speaks AMQP 0-9-1 on a port: a real RabbitMQ or our own server.

pika's own loop and channels are used through their public callbacks, so that every frame is seen in the
order it came in. A few private calls (`_send_method`, `_rpc`, `_output_marshaled_frames`,
`_terminate_stream`) serve the facts about clients that break the protocol or die.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

import pika
from pika import spec
from pika.adapters.select_connection import IOLoop
from pika.exceptions import AMQPError, ConnectionClosedByClient

from tests.conformance.pika_channel import PikaChannelDriver, closing, plain
from tests.conformance.script import PATIENCE, SETTLE, Connection, Seen, World

if TYPE_CHECKING:
    from collections.abc import Callable

logging.getLogger("pika").setLevel(logging.CRITICAL)


class PikaWorld(World):
    """One fact's world on a port of this machine.

    Args:
        port: where the server listens on 127.0.0.1.
        vhost: the virtual host, which must exist and be empty.
        alarm: raises or clears the server's memory alarm, if there is a way to do so.
        slower: how many times as long as usual it waits, for a machine that is busy.

    Attributes:
        patience: seconds to wait at most for an answer.
        settle: seconds after which a server has said whatever it had to say.
    """

    def __init__(
        self,
        port: int,
        vhost: str = "/",
        alarm: Callable[[bool], None] | None = None,
        slower: float = 1.0,
    ) -> None:
        super().__init__()
        self.port = port
        self.vhost = vhost
        self.loop = IOLoop()
        self.loop.activate_poller()
        self.patience = PATIENCE * slower
        self.settle = SETTLE * slower
        self._alarm = alarm
        self._connections: list[PikaConnection] = []

    def connect(
        self,
        *,
        user: str = "guest",
        password: str = "guest",
        vhost: str | None = None,
        heartbeat: int = 0,
    ) -> PikaConnection:
        made = PikaConnection(self, user, password, self.vhost if vhost is None else vhost, heartbeat)
        self._connections.append(made)
        return made

    def sleep(self, seconds: float) -> None:
        self.pump(lambda: False, seconds)

    def freeze(self, seconds: float) -> None:
        time.sleep(seconds)

    def pump(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Serve all connections until `done()`, or for some seconds (patience, unless told); tell which."""
        end = time.monotonic() + (self.patience if seconds is None else seconds)
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            alarm = self.loop.call_later(left, lambda: None)
            self.loop.poll()
            self.loop.process_timeouts()
            with contextlib.suppress(Exception):
                self.loop.remove_timeout(alarm)
        return True

    def greet(self, data: bytes) -> str:
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=self.patience) as stream:
            stream.sendall(data)
            stream.settimeout(1.0)
            with contextlib.suppress(OSError):
                while piece := stream.recv(4096):
                    answer += piece
        return answer.hex(" ")

    def alarm(self, on: bool) -> None:
        if self._alarm is None:
            raise RuntimeError("nobody here can raise an alarm")
        self._alarm(on)

    def end(self) -> None:
        """Close every connection and the loop."""
        for each in self._connections:
            each.finish()
        self.pump(lambda: False, 0.005)  # pika closes its sockets a turn of the loop later
        self.loop.deactivate_poller()
        self.loop.close()


class PikaConnection(Connection):
    """A connection by `pika.SelectConnection` on the world's loop."""

    def __init__(self, world: PikaWorld, user: str, password: str, vhost: str, heartbeat: int) -> None:
        self.world = world
        self.closed: Seen = None
        self.notices: list[str] = []
        self._close: spec.Connection.Close | None = None
        self._opened = False
        parameters = pika.ConnectionParameters(
            host="127.0.0.1",
            port=world.port,
            virtual_host=vhost,
            credentials=pika.PlainCredentials(user, password),
            heartbeat=heartbeat,
            socket_timeout=world.patience,
        )
        self.pika = pika.SelectConnection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_closed,
            on_close_callback=self._on_closed,
            custom_ioloop=world.loop,
        )
        self.pika.callbacks.add(0, spec.Connection.Close, self._on_close_frame)
        self.pika.add_on_connection_blocked_callback(
            lambda _, frame: self.notices.append(f"blocked: {frame.method.reason}")
        )
        self.pika.add_on_connection_unblocked_callback(lambda _, __: self.notices.append("unblocked"))
        world.pump(lambda: self._opened or self.closed is not None)

    def _on_open(self, _: pika.SelectConnection) -> None:
        self._opened = True

    def _on_close_frame(self, frame: Any) -> None:
        self._close = frame.method

    def _on_closed(self, _: pika.SelectConnection, reason: Exception | str) -> None:
        if self._close is not None:
            self.closed = closing("connection", self._close)
        else:
            self.closed = "closed" if isinstance(reason, ConnectionClosedByClient) else "lost"

    def channel(self) -> PikaChannelDriver:
        return PikaChannelDriver(self)

    def fate(self, *, expect_close: bool = False) -> Seen:
        world = self.world
        world.pump(lambda: self.closed is not None, world.patience if expect_close else world.settle)
        return "open" if self.closed is None else self.closed

    def close(self) -> Seen:
        if self.closed is None:
            self.pika.close()
            self.world.pump(lambda: self.closed is not None)
        return "ok" if self.closed == "closed" else self.closed

    def drop(self) -> None:
        self.pika._terminate_stream(AMQPError("dropped"))
        self.world.pump(lambda: self.closed is not None)

    def blocked(self) -> list[str]:
        self.world.pump(lambda: False, self.world.settle)
        found, self.notices = self.notices, []
        return found

    def server(self) -> Seen:
        told = self.pika.server_properties or {}
        tuned = {"channel_max": self.pika.params.channel_max, "frame_max": self.pika.params.frame_max}
        return {"product": told.get("product"), "capabilities": plain(told.get("capabilities")), **tuned}

    def send(self, channel: int, method: str, body: str | None = None, **fields: Any) -> None:
        kind, name = method.split(".")
        made = getattr(getattr(spec, kind), name)(**fields)
        content = None if body is None else (pika.BasicProperties(), body.encode())
        self.pika._send_method(channel, made, content)

    def send_bytes(self, data: bytes) -> None:
        self.pika._output_marshaled_frames([data])

    def finish(self) -> None:
        """Close without caring how."""
        if self.closed is None:
            with contextlib.suppress(AMQPError):
                self.pika.close()
            self.world.pump(lambda: self.closed is not None, 2.0)
