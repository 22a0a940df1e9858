"""The kernel's clock: one heap of (time, priority and number in one integer), and the outbox beside it.

Numbers are given in the same order as in `sim`, so that what is due at one time comes in the same order. A
fault's number lacks the highest bit, which puts it before all else at its time.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.compiled import compiled, inlined

ORDINARY = 1 << 60

KIND_BITS = 6
_A_BITS = 28
KIND_MASK = (1 << KIND_BITS) - 1
A_MASK = (1 << _A_BITS) - 1
B_SHIFT = KIND_BITS + _A_BITS


@inlined
def packed(kind: int, a: int, b: int) -> int:
    """What happens, to which two rows, in one integer."""
    return int(kind) | (int(a) << KIND_BITS) | (int(b) << B_SHIFT)


@inlined
def sink(t: Any, k: Any, what: Any, n: int, time: float, key: int, event: int) -> None:
    """Put an event into a heap of n."""
    x = n
    while x > 0:
        above = (x - 1) >> 1
        if t[above] < time or (t[above] == time and k[above] < key):
            break
        t[x] = t[above]
        k[x] = k[above]
        what[x] = what[above]
        x = above
    t[x] = time
    k[x] = key
    what[x] = event


@inlined
def lift(t: Any, k: Any, what: Any, n: int) -> None:
    """Take the first event out of a heap of n; the caller has read it."""
    last = n - 1
    time = t[last]
    key = k[last]
    event = what[last]
    x = 0
    while True:
        below = 2 * x + 1
        if below >= last:
            break
        other = below + 1
        if other < last and (t[other] < t[below] or (t[other] == t[below] and k[other] < k[below])):
            below = other
        if time < t[below] or (time == t[below] and key < k[below]):
            break
        t[x] = t[below]
        k[x] = k[below]
        what[x] = what[below]
        x = below
    t[x] = time
    k[x] = key
    what[x] = event


@compiled
def call_at(s: Any, time: float, kind: int, a: int, b: int) -> None:
    """Have something happen at a time to come."""
    g = s.g[0]
    sink(s.heap_t, s.heap_k, s.heap_what, g.heap_n, time, g.numbered + ORDINARY, packed(kind, a, b))
    g.heap_n += 1
    g.numbered += 1


@compiled
def fault_at(s: Any, time: float, kind: int, a: int, b: int) -> None:
    """Have a fault, or a repair, happen at a time to come, before all else at that time."""
    g = s.g[0]
    sink(s.heap_t, s.heap_k, s.heap_what, g.heap_n, time, g.numbered, packed(kind, a, b))
    g.heap_n += 1
    g.numbered += 1


@compiled
def hop(s: Any, latency: float, kind: int, a: int, b: int) -> None:
    """Send something over a link: at once into the outbox, or as an event."""
    g = s.g[0]
    if latency > 0.0:
        sink(
            s.heap_t,
            s.heap_k,
            s.heap_what,
            g.heap_n,
            g.now + latency,
            g.numbered + ORDINARY,
            packed(kind, a, b),
        )
        g.heap_n += 1
        g.numbered += 1
    else:
        s.outbox[(g.out_head + g.out_n) & (s.outbox.size - 1)] = packed(kind, a, b)
        g.out_n += 1


@compiled
def due_at(s: Any, time: float, what: int) -> None:
    """Have the broker do something when its time comes there."""
    g = s.g[0]
    g.asked += 1
    sink(s.due_t, s.due_k, s.due_what, g.due_n, time, g.asked, what)
    g.due_n += 1


@compiled
def draw(s: Any, stream: int) -> float:
    """The next sample of a stream."""
    g = s.g[0]
    found = s.streams[stream]
    if found.constant == found.constant:
        return float(found.constant)
    sample = s.pool[stream, found.at]
    found.at += 1
    if found.end - found.at <= found.margin:
        g.low = 1
    return float(sample)
