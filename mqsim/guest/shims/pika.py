"""Tells the world when a program has a delivery in its deliveries, and when it is through with it.

A program acknowledges over the wire, which the world sees; but with automatic acknowledgement nothing shows
which of the messages it was sent it has worked on. So pika's consumers are wrapped where a program hands in
its callback: `Began` as the callback is called, `Done` as it comes back. A message that the program asks for
itself (`basic_get`, `consume`) is done when it asks for the next one, or stops consuming.

Clients other than pika are not seen; of their deliveries the wire alone tells.
"""

from __future__ import annotations

import importlib
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from mqsim.guest.kernel.operations import Began, Done, Tried, UsedBy
from mqsim.guest.kernel.runtime import current
from mqsim.guest.kernel.tracebacks import last_line, whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqsim.guest.kernel.runtime import Runtime

_HELD = "_mqsim_held"
"""Where a blocking channel keeps the delivery that its program asked for last."""


def install() -> None:
    """Wrap pika's ways of consuming."""
    blocking: Any = importlib.import_module("pika.adapters.blocking_connection").BlockingChannel
    plain: Any = importlib.import_module("pika.channel").Channel
    blocking.basic_consume = _consuming(blocking.basic_consume)
    plain.basic_consume = _consuming(plain.basic_consume, of_program=_is_of_program)
    plain.basic_get = _getting_with_callback(plain.basic_get)
    blocking.basic_get = _getting(blocking.basic_get)
    blocking.consume = _generating(blocking.consume)
    plain.basic_ack = _acknowledging(plain.basic_ack)
    blocking.basic_ack = _acknowledging(blocking.basic_ack)
    connection: Any = importlib.import_module("pika.connection").Connection
    connection._output_marshaled_frames = _sending(connection._output_marshaled_frames)
    for name in ("cancel", "close", "stop_consuming"):
        setattr(blocking, name, _letting_go(getattr(blocking, name)))


_TWO_THREADS = "uses a connection in"
_SENDER = "_mqsim_sender"
"""Where a connection keeps which thread sent last on it."""


def fd_of(channel: Any) -> int:
    """The guest's number of the socket of a pika channel, or -1."""
    connection = getattr(channel, "connection", None)
    return _fd_of_connection(getattr(connection, "_impl", connection))


def _fd_of_connection(connection: Any) -> int:
    socket = getattr(getattr(connection, "_transport", None), "_sock", None)
    return socket.fileno() if socket is not None else -1


def _sending(real: Callable[..., Any]) -> Callable[..., Any]:
    """Tell which thread sends: pika's buffer may be emptied by another one."""

    @wraps(real)
    def output(connection: Any, frames: Any) -> Any:
        runtime = current()
        if runtime is not None:
            task = getcurrent()
            if connection.__dict__.get(_SENDER) is not task or not connection.frames_sent:
                connection.__dict__[_SENDER] = task
                number = _fd_of_connection(connection)
                runtime.do(UsedBy(number, connection.frames_sent, runtime.thread_name(task)))
                _look_for_another_thread(runtime, number, task)
        return real(connection, frames)

    return output


def _look_for_another_thread(runtime: Runtime, fd: int, task: object) -> None:
    """Remark it where a thread uses a connection in which another one waits: pika does not allow that. On a
    real system their bytes get mixed up sooner or later, and the connection breaks.
    """
    socket = runtime.descriptors.get(fd)
    if any(remark.startswith(_TWO_THREADS) for remark in runtime.remarks):
        return
    if socket is not None and any(other is not task for other in socket.watchers):
        name = runtime.thread_name(task)
        runtime.remark(
            f"{_TWO_THREADS} {name} ({whereabouts(runtime, sys._getframe())}) while another thread waits in "
            "it; on a real broker this breaks sooner or later: hand it over with add_callback_threadsafe"
        )


def _is_of_program(callback: Callable[..., Any]) -> bool:
    """Whether pika's own blocking channel is not behind a callback: that calls its program's later."""
    function = getattr(callback, "func", callback)
    return getattr(function, "__module__", "") != "pika.adapters.blocking_connection"


def _wrapped(callback: Callable[..., Any]) -> Callable[..., Any]:
    """A callback that is reported."""

    @wraps(callback, updated=())
    def call(channel: Any, method: Any, *rest: Any) -> Any:
        runtime = current()
        if runtime is None:
            return callback(channel, method, *rest)
        fd, number, tag = fd_of(channel), channel.channel_number, method.delivery_tag
        runtime.do(Began(fd, number, tag))
        try:
            answer = callback(channel, method, *rest)
        except BaseException as error:
            runtime.do(Done(fd, number, tag, last_line(error)))
            raise
        runtime.do(Done(fd, number, tag))
        return answer

    return call


def _consuming(
    real: Callable[..., Any], of_program: Callable[[Callable[..., Any]], bool] = callable
) -> Callable[..., Any]:
    @wraps(real)
    def basic_consume(channel: Any, queue: Any, on_message_callback: Any, *args: Any, **kwargs: Any) -> Any:
        if current() is not None and callable(on_message_callback) and of_program(on_message_callback):
            on_message_callback = _wrapped(on_message_callback)
        return real(channel, queue, on_message_callback, *args, **kwargs)

    return basic_consume


def _getting_with_callback(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def basic_get(channel: Any, queue: Any, callback: Any, *args: Any, **kwargs: Any) -> Any:
        if current() is not None and callable(callback) and _is_of_program(callback):
            callback = _wrapped(callback)
        return real(channel, queue, callback, *args, **kwargs)

    return basic_get


def _getting(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def basic_get(channel: Any, *args: Any, **kwargs: Any) -> Any:
        runtime = current()
        if runtime is None:
            return real(channel, *args, **kwargs)
        _let_go(runtime, channel)
        answer = real(channel, *args, **kwargs)
        if answer[0] is not None:
            _hold(runtime, channel, answer[0].delivery_tag)
        return answer

    return basic_get


def _generating(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def consume(channel: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        runtime = current()
        items = real(channel, *args, **kwargs)
        if runtime is None:
            yield from items
            return
        for item in items:
            if item[0] is not None:
                _hold(runtime, channel, item[0].delivery_tag)
            yield item
            _let_go(runtime, channel)

    return consume


def _letting_go(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def call(channel: Any, *args: Any, **kwargs: Any) -> Any:
        runtime = current()
        if runtime is not None:
            _let_go(runtime, channel)
        return real(channel, *args, **kwargs)

    return call


def _acknowledging(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def basic_ack(channel: Any, delivery_tag: int = 0, multiple: bool = False) -> Any:
        runtime = current()
        if runtime is None:
            return real(channel, delivery_tag, multiple)
        fd = fd_of(channel)
        try:
            return real(channel, delivery_tag, multiple)
        except Exception:
            if delivery_tag and not multiple:
                runtime.do(Tried(fd, channel.channel_number, delivery_tag))
            raise

    return basic_ack


def _hold(runtime: Runtime, channel: Any, tag: int) -> None:
    """The program has a delivery that it asked for."""
    held = (fd_of(channel), channel.channel_number, tag)
    runtime.do(Began(*held, called=False))
    setattr(channel, _HELD, held)


def _let_go(runtime: Runtime, channel: Any) -> None:
    """The program is through with what it asked for last."""
    held = getattr(channel, _HELD, None)
    if held is not None:
        fd, number, tag = held
        runtime.do(Done(fd, number, tag))
        setattr(channel, _HELD, None)
