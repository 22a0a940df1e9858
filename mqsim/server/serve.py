"""`mqsim broker`: run the broker on a port until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from mqsim.broker import Broker
from mqsim.errors import UsageError
from mqsim.server import definitions as definitions_file
from mqsim.server.accounts import Accounts
from mqsim.server.dialects import DIALECTS
from mqsim.server.host import LOOPBACK, Host
from mqsim.server.memory import DEFAULT, limit_of
from mqsim.server.screen import EVERY, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mqsim.broker import Observer
    from mqsim.server.management import Management

CONSUMER_TIMEOUT = 1800.0
"""Seconds that a delivery may go unacknowledged, as RabbitMQ has it."""

Say = Callable[[str], None]


def serve(
    host: str = "127.0.0.1",
    port: int = 5672,
    *,
    profile: str = "4.3",
    data: Path | None = None,
    definitions: Path | None = None,
    management: int | None = None,
    memory_limit: str = DEFAULT,
    also: Mapping[str, tuple[int, Sequence[str]]] | None = None,
    say: Say | None = None,
) -> None:
    """Run the broker until SIGINT or SIGTERM; then close connections with 320, and keep what is durable.

    Args:
        host: the address to listen on; other machines can reach any but the default.
        port: the port; 0 is any that is free.
        profile: whose rules apply: `3.10`, `4.0` or `4.3`.
        data: a file in which durable queues, exchanges, bindings and persistent messages are kept; without
            one they end with the process.
        definitions: a definitions file, as RabbitMQ exports it, with its users and virtual hosts.
        management: a port of 127.0.0.1 for the management API and a page that shows the queues.
        memory_limit: the memory at which publishers are blocked, such as `500MB` or `40%` of the machine's.
        also: the port and the settings of each further protocol, by its name in `DIALECTS`.
        say: is given what is to be told, a line at a time; printed unless told.

    Raises:
        UsageError: the port is taken, a file can't be used, or no rules are known for the profile.
    """
    limit = limit_of(memory_limit)
    asyncio.run(
        _serve(host, port, profile, data, definitions, management, limit, dict(also or {}), say or _print)
    )


async def _serve(
    address: str,
    port: int,
    profile: str,
    data: Path | None,
    definitions: Path | None,
    management: int | None,
    memory_limit: int,
    also: dict[str, tuple[int, Sequence[str]]],
    say: Say,
) -> None:
    host, web = _managed(profile) if management is not None else (Host(_broker(profile)), None)
    stop = _on_signals()
    try:
        port = await host.listen(address, port, paused=True)
        if web is not None and management is not None:
            management = web.listen(management)
        told = host.keep(data) if data is not None else []
        if definitions is not None:
            told += definitions_file.load_all(definitions, host.vhosts)
            host.accounts = Accounts.read(definitions)
        for line in told:
            say(line)
        ports = {}
        for name, (wanted, settings) in also.items():
            spoken = DIALECTS[name]
            dialect = spoken.start(host, settings)
            ports[name] = await host.listen(
                address, wanted, paused=True, dialect=dialect, option=spoken.option
            )
        host.look_soon()
        host.limit_memory(memory_limit)
        await host.start()
        for line in _welcome(host, address, port, data):
            say(line)
        for name, taken in ports.items():
            say(f"{DIALECTS[name].title} clients connect to {address}:{taken}, without TLS.")
        if web is not None:
            say(f"Watch its queues at http://{LOOPBACK}:{management}/. The management API is at /api/.")
        await _watch(host, stop)
    finally:
        if web is not None:
            await web.stop()
        await host.stop()
    say("The broker has stopped.")


def _broker(profile: str, observer: Observer | None = None) -> Broker:
    return Broker(profile, observer, consumer_timeout=CONSUMER_TIMEOUT)


def _managed(profile: str) -> tuple[Host, Management]:
    """A broker that counts its messages, and the management API that tells the numbers.

    Raises:
        UsageError: what serves it is not installed.
    """
    try:
        from mqsim.server.management import Management
        from mqsim.server.management.counts import Counts, SessionCounts
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--management needs {error.name}, which is not installed: pip install 'mqsim[management]'."
        ) from None
    counts = Counts()
    host = Host(_broker(profile, counts), partial(_broker, profile, counts))
    host.session_observer = SessionCounts(counts)
    host.delivered = counts.delivered
    return host, Management(host, counts)


def _welcome(host: Host, address: str, port: int, data: Path | None) -> list[str]:
    profile = host.broker.profile.version
    users = "Its user is guest, the password guest."
    if host.accounts != Accounts():
        users = "Its users and their passwords are those of the definitions."
    kept = f"kept in {data}" if data is not None else "gone when it stops (--data FILE keeps them)"
    lines = [
        f"A simulated broker with RabbitMQ {profile}'s rules listens on {address}:{port}. {users}",
        "It is for teaching and trying, not for production.",
        f"Durable queues and persistent messages are {kept}. Ctrl-C stops it.",
    ]
    if address not in ("127.0.0.1", "::1", "localhost"):
        lines.append("Whoever can reach this address can log in: there are no other users and no encryption.")
    return lines


async def _watch(host: Host, stop: asyncio.Event) -> None:
    """Wait for the end; on a terminal, show the queues meanwhile."""
    if not sys.stdout.isatty():
        await stop.wait()
        return
    from rich.live import Live

    with Live(table(host), auto_refresh=False, transient=True) as live:
        while not stop.is_set():
            live.update(table(host), refresh=True)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)


def _on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows' loop knows no signal handlers; Python's own are called between two events.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


def _print(line: str) -> None:
    print(line, flush=True)
