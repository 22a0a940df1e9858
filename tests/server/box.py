"""Our server for tests: inside this process on a thread of its own, or as a process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pika.exceptions import AMQPError

from mqsim.broker import Broker
from mqsim.server import Host
from mqsim.server.dialects import DIALECTS
from tests.conformance.servers import free_ports
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


class Box:
    """A server on a free port of 127.0.0.1, on a thread of this process.

    Args:
        version: the profile.
        consumer_timeout: seconds that a delivery may go unacknowledged.
        data: a file that it keeps durable things in.
    """

    def __init__(
        self,
        version: str = "4.3",
        *,
        consumer_timeout: float | None = 1800.0,
        data: Path | None = None,
    ) -> None:
        self.version = version
        self.consumer_timeout = consumer_timeout
        self.data = data
        self.port = self.stomp_port = 0
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Box:
        self._thread.start()
        self._ready.result(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"the server did not stop within {PATIENCE:g} s"

    async def _run(self) -> None:
        try:
            self.loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            broker = Broker(self.version, consumer_timeout=self.consumer_timeout, timeout_check_every=1.0)
            self.host = Host(broker)
            if self.data is not None:
                self.host.keep(self.data)
            self.port = await self.host.listen("127.0.0.1", 0)
            stomp = DIALECTS["stomp"].start(self.host, [])
            self.stomp_port = await self.host.listen("127.0.0.1", 0, dialect=stomp)
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(None)
        await self._stop.wait()
        await self.host.stop()

    def call(self, act: Callable[[Host], T]) -> T:
        """Do something on the server's thread and give back what comes of it."""
        done: Future[T] = Future()

        def there() -> None:
            self.host.advance()
            done.set_result(act(self.host))
            self.host.look_soon()

        self.loop.call_soon_threadsafe(there)
        return done.result(PATIENCE)

    def alarm(self, on: bool) -> None:
        """Raise or clear the memory alarm."""
        self.call(lambda host: host.broker.set_alarm("memory", on))


class Process:
    """`serve` as a process of its own, on one port over its restarts.

    Args:
        version: the profile.
        data: the file that it keeps durable things in.
    """

    def __init__(self, version: str, data: Path, **options: object) -> None:
        (self.port,) = free_ports(1)
        given = {"port": self.port, "profile": version, **options}
        asked = ", ".join(f"{name}={value!r}" for name, value in given.items())
        self._program = (
            "from pathlib import Path; from mqsim.server import serve; "
            f"serve(data=Path({str(data)!r}), {asked})"
        )
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it; what it says first."""
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._program], env=env, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                return "".join(lines)
        raise AssertionError(f"the server did not come up: {''.join(lines)}")

    def stop(self, *, kill: bool = False) -> int:
        """End it, in order or with SIGKILL; its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        status = self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return status

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self.stop(kill=True)


def close(connection: Any) -> None:
    """Close a pika connection, whatever has become of its server."""
    with contextlib.suppress(AMQPError):
        connection.close()
    transport = connection._impl._transport
    if transport is not None:
        transport.abort()
    stream = getattr(connection, "stream", None)
    if stream is not None:
        stream.close()
