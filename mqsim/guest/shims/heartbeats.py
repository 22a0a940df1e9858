"""pika's heartbeats, while a program waits for nothing but messages.

A connection without traffic sends a heartbeat at every half interval, and is sent one. In pika each of them
takes a turn of its whole loop, and a day of two hundred idle consumers is more than a million of those. So a
poll of pika's in which nothing else can happen goes on waiting: it sends what pika would send at that
instant, and reads what has come when pika would look whether its broker is alive. As soon as anything else is
there, the poll ends as usual, and pika reads all of it.

A program that logs what pika does (level DEBUG) gets each heartbeat at its own time.
"""

from __future__ import annotations

import importlib
import logging
from functools import partial
from heapq import heapreplace
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.runtime import current
from mqsim.guest.shims.select import PIKA_POLL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqsim.guest.kernel.descriptors import Descriptor

_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"
"""A heartbeat on the wire: its kind, channel 0, no bytes, the frame's end."""
_MANY = 1 << 16
"""Bytes: more than heartbeats of one connection ever wait to be read."""


def told_of_heartbeats(get_max_wait: Callable[[Any], float]) -> Callable[[Any], float]:
    """Have a guest know what a poll of pika's waits for, as that asks how long it may take."""
    clock = importlib.import_module("pika.compat")
    logger: logging.Logger = importlib.import_module("pika.heartbeat").LOGGER

    def _get_max_wait(poller: Any) -> float:
        runtime = current()
        if runtime is not None:
            loop = getattr(poller._get_wait_seconds, "__self__", None)
            timeouts = getattr(getattr(loop, "_timer", None), "_timeout_heap", None) or []
            runtime.poll_round = PIKA_POLL
            runtime.only_heartbeats = all(_is_heartbeat(timeout.callback) for timeout in timeouts)
            passes = runtime.only_heartbeats and timeouts and not logger.isEnabledFor(logging.DEBUG)
            runtime.passes_heartbeats = partial(_pass, timeouts, clock.time_now) if passes else None
        return get_max_wait(poller)

    return _get_max_wait


def _is_heartbeat(callback: object) -> bool:
    """Whether a timer is a heartbeat's, or was cancelled."""
    owner = getattr(callback, "__self__", None)
    return callback is None or type(owner).__module__ == "pika.heartbeat"


def _pass(timeouts: list[Any], clock: Callable[[], float], sockets: Sequence[Descriptor]) -> float | None:
    """Do what is due for heartbeats alone; give the seconds until the next timer.

    Args:
        timeouts: the timers of pika's loop, a heap.
        clock: its clock.
        sockets: what the poll waits for.

    Returns:
        None if there is something for pika to do.
    """
    if not all(socket.holds_only(_FRAME) for socket in sockets):
        return None
    for socket in sockets:
        socket.changed = 0
    now = clock()
    while timeouts[0].deadline <= now:
        if not _do_first(timeouts, now):
            return None
    return float(timeouts[0].deadline - now)


def _do_first(timeouts: list[Any], now: float) -> bool:
    """Do as pika does at the first timer, if that is a heartbeat's and nothing stands before it."""
    timeout = timeouts[0]
    if timeout.callback is None or not _is_heartbeat(timeout.callback):
        return False
    checker = timeout.callback.__self__
    if checker._connection.is_closed or checker._connection._transport is None:
        return False
    if timeout.callback.__name__ == "_send_heartbeat":
        after, done = checker._send_interval, _send(checker)
    else:
        after, done = checker._check_interval, _check(checker)
    if done:
        timeout.deadline = now + after
        heapreplace(timeouts, timeout)
    return done


def _send(checker: Any) -> bool:
    """Send a heartbeat, if all that was to be sent before is sent."""
    connection = checker._connection
    if connection._transport.get_write_buffer_size():
        return False
    connection._transport._sock.send(_FRAME)
    connection.bytes_sent += len(_FRAME)
    connection.frames_sent += 1
    checker._heartbeat_frames_sent += 1
    return True


def _check(checker: Any) -> bool:
    """Read the heartbeats that came, by which the broker is alive; without any, pika is to see to it."""
    connection = checker._connection
    socket = connection._transport._sock
    if not socket.readable():
        return False
    received = len(socket.recv(_MANY))
    connection.bytes_received += received
    connection.frames_received += received // len(_FRAME)
    checker._heartbeat_frames_received += received // len(_FRAME)
    checker._idle_byte_intervals = 0
    checker._update_counters()
    return True
