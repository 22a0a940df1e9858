"""paho-mqtt's network loop, while a program waits for nothing but messages.

`loop_forever` wakes up every second to see whether its client has to send a PINGREQ, or was told to stop. In
virtual time each of these rounds is an event, and a day has 86,400 of them. So a round in which nothing can
happen goes on waiting: until something comes, or until the round in which paho would do something.
"""

from __future__ import annotations

import math
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.runtime import current

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.guest.kernel.descriptors import Descriptor
    from mqsim.guest.kernel.runtime import Runtime

MODULE = "paho.mqtt.client"
_NEVER = 1e9
"""Seconds: longer than any run."""
_ROUNDING = 1e-9


def skip_idle_rounds(module: Any) -> None:
    """Have `loop_forever`, and the thread of `loop_start`, wait through idle rounds inside guests."""
    client = module.Client
    forever, loop, stop = client.loop_forever, client._loop, client.loop_stop

    @wraps(forever)
    def loop_forever(self: Any, *args: Any, **options: Any) -> Any:
        self._mqsim_forever = True
        try:
            return forever(self, *args, **options)
        finally:
            self._mqsim_forever = False

    @wraps(loop)
    def _loop(self: Any, timeout: float = 1.0) -> Any:
        runtime = current()
        if runtime is not None and timeout > 0 and getattr(self, "_mqsim_forever", False):
            runtime.only_heartbeats, runtime.poll_round = True, timeout
            clock = module.time_func
            runtime.passes_heartbeats = partial(_pass, self, clock, clock(), timeout)
        return loop(self, timeout)

    @wraps(stop)
    def loop_stop(self: Any) -> Any:
        runtime = current()
        if runtime is not None and self._thread is not None:
            _interrupt(runtime, self)
        return stop(self)

    client.loop_forever, client._loop, client.loop_stop = loop_forever, _loop, loop_stop


def _pass(client: Any, clock: Any, began: float, step: float, sockets: Sequence[Descriptor]) -> float | None:
    """Seconds until the round in which paho has something to do; None if it has now.

    Args:
        client: the paho client.
        clock: its clock.
        began: when the wait began, on that clock.
        step: seconds that a round takes.
        sockets: what the wait is for.
    """
    if any(socket.readable() or socket.failed() or socket.hung_up() for socket in sockets):
        return None
    if client.want_write():
        return None
    rounds = max(1, math.ceil((_due(client) - began) / step - _ROUNDING))
    left = began + rounds * step - clock()
    return left if left > 0 else None


def _due(client: Any) -> float:
    """When paho has to see to its keep-alive (`loop_misc`)."""
    if not client._keepalive:
        return float(client._last_msg_out) + _NEVER
    heard = min(client._last_msg_out, client._last_bytes_received)
    if client._ping_t > 0:
        heard = min(heard, client._ping_t)
    return float(heard + client._keepalive)


def _interrupt(runtime: Runtime, client: Any) -> None:
    """Have the client's thread look after this round whether it is to stop, as it really does."""
    socket = client._sock
    descriptor = None if socket is None else runtime.descriptors.get(socket.fileno())
    for task in list(descriptor.watchers) if descriptor is not None else []:
        task.interrupted = True
        runtime.wake(task)
