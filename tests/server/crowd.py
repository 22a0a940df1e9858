"""Many clients at once, each a consumer and a publisher: `python tests/server/crowd.py PORT [COUNT]`."""

from __future__ import annotations

import selectors
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from pamqp import commands, frame
from pamqp.header import ContentHeader, ProtocolHeader

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from types import TracebackType


class Crowd:
    """Clients on one thread, by pamqp and plain sockets.

    Args:
        port: the server's.
        count: how many.
    """

    def __init__(self, port: int, count: int) -> None:
        self.port = port
        self.count = count
        self.streams: list[socket.socket] = []

    def __enter__(self) -> Crowd:
        for _ in range(self.count):
            self.streams.append(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in self.streams:
            stream.close()

    def declare_and_consume(self) -> None:
        """Bring every client through the handshake, to a queue of its own and a consumer on it."""
        login = commands.Connection.StartOk({}, "PLAIN", "\0guest\0guest", "en_US")
        steps = [
            (ProtocolHeader().marshal(), 1),
            (frame.marshal(login, 0), 1),
            (
                frame.marshal(commands.Connection.TuneOk(10, 131072, 0), 0)
                + frame.marshal(commands.Connection.Open("/"), 0),
                1,
            ),
            (frame.marshal(commands.Channel.Open(), 1), 1),
            (
                frame.marshal(commands.Queue.Declare(queue="", exclusive=True), 1)
                + frame.marshal(commands.Basic.Consume(queue="", no_ack=True), 1),
                2,
            ),
        ]
        self.queues = [""] * self.count
        for data, answers in steps:
            for stream in self.streams:
                stream.sendall(data)
            for number, stream in enumerate(self.streams):
                for _ in range(answers):
                    read = _read(stream)
                    if isinstance(read, commands.Queue.DeclareOk):
                        self.queues[number] = str(read.queue)

    def round(self) -> int:
        """Each publishes to its neighbour; how many messages came."""
        for number, stream in enumerate(self.streams):
            key = self.queues[(number + 1) % self.count]
            method = frame.marshal(commands.Basic.Publish(routing_key=key), 1)
            stream.sendall(method + frame.marshal(ContentHeader(0, 0), 1))
        came = 0
        with selectors.DefaultSelector() as selector:
            for stream in self.streams:
                selector.register(stream, selectors.EVENT_READ)
            while came < self.count:
                ready = selector.select(PATIENCE)
                if not ready:
                    break
                for key_, _ in ready:
                    ready_stream = key_.fileobj
                    assert isinstance(ready_stream, socket.socket)
                    assert isinstance(_read(ready_stream), commands.Basic.Deliver)
                    assert isinstance(_read(ready_stream), ContentHeader)
                    came += 1
        return came


def _read(stream: socket.socket) -> object:
    head = _exactly(stream, 7)
    rest = _exactly(stream, int.from_bytes(head[3:7], "big") + 1)
    return frame.unmarshal(head + rest)[2]


def _exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("the server ended the stream")
        data += piece
    return data


if __name__ == "__main__":
    began = time.monotonic()
    with Crowd(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000) as crowd:
        crowd.declare_and_consume()
        opened = time.monotonic()
        print(f"{crowd.count} connections, channels, queues and consumers in {opened - began:.1f} s")
        print(f"{crowd.round()} messages in {time.monotonic() - opened:.1f} s")
