"""Tells the world when a program has a delivery of stomp.py's in its hands, and when it is through with it.

stomp.py calls the listeners of a connection with each message: `Began` before they are called, `Done` as they
come back. Listeners of stomp.py's own, for heart-beats and receipts, do not count.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from mqsim.guest.kernel.operations import Began, Done, UsedBy
from mqsim.guest.kernel.runtime import current
from mqsim.guest.kernel.tracebacks import last_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MODULE = "stomp.transport"
CHANNEL = 1
"""The number of a STOMP connection's only channel."""

_OWN = frozenset({"stomp.connect", "stomp.protocol"})
_SENT = "_mqsim_sent"
"""Where a transport counts the frames that it has sent; signs of life are none."""
_SENDER = "_mqsim_sender"
"""Where it keeps which thread sent last."""


def install(module: ModuleType) -> None:
    """Wrap stomp.py's way of calling listeners, and of sending."""
    base, transport = module.__dict__["BaseTransport"], module.__dict__["Transport"]
    base.notify = _notifying(base.notify)
    transport.send = _sending(transport.send)


def _fd_of(transport: Any) -> int:
    socket = getattr(transport, "socket", None)
    return socket.fileno() if socket is not None else -1


def _tag_of(frame: Any) -> int | None:
    """The delivery tag in a message's id; None where a program's own server made it."""
    tag = str(frame.headers.get("message-id", "")).rpartition("@@")[2]
    return int(tag) if tag.isascii() and tag.isdigit() else None


def _is_programs(listener: object) -> bool:
    kind = type(listener)
    return kind.__module__ not in _OWN and kind.__name__ != "HeartbeatListener"


def _notifying(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def notify(transport: Any, frame_type: str, frame: Any = None) -> Any:
        runtime = current()
        tag = _tag_of(frame) if runtime is not None and frame_type == "message" else None
        if runtime is None or tag is None or not any(map(_is_programs, transport.listeners.values())):
            return real(transport, frame_type, frame)
        fd = _fd_of(transport)
        runtime.do(Began(fd, CHANNEL, tag))
        try:
            answer = real(transport, frame_type, frame)
        except BaseException as error:
            runtime.do(Done(fd, CHANNEL, tag, last_line(error)))
            raise
        runtime.do(Done(fd, CHANNEL, tag))
        return answer

    return notify


def _sending(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def send(transport: Any, encoded_frame: bytes) -> Any:
        runtime = current()
        if runtime is not None and encoded_frame.strip(b"\r\n"):
            known = transport.__dict__
            if known.get("_mqsim_fd") != _fd_of(transport):
                known["_mqsim_fd"] = _fd_of(transport)
                known[_SENT] = 0
                known[_SENDER] = None
            task = getcurrent()
            if known[_SENDER] is not task:
                known[_SENDER] = task
                runtime.do(UsedBy(_fd_of(transport), known[_SENT] + 1, runtime.thread_name(task)))
            known[_SENT] += 1
        return real(transport, encoded_frame)

    return send
