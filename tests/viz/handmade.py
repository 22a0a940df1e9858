"""A trace written by hand, row by row, for tests that must not trust the simulation."""

from __future__ import annotations

from mqsim.trace import Actor, FaultSpan, How, Outcome, Trace

NAN = float("nan")


class Handmade:
    """Builds a trace one message and one attempt at a time."""

    def __init__(self, end: float) -> None:
        self.trace = Trace()
        self.trace.end = end

    def producer(self, name: str) -> None:
        """A producer that runs all the time."""
        self.trace.actors.code(name)
        self.trace.cast[name] = Actor(name.rsplit("-", 1)[0], "producer", up=[(0.0, NAN)])

    def consumer(
        self, name: str, queue: str, *up: tuple[float, float], ack: str = "manual", prefetch: int = 1
    ) -> None:
        """A consumer of `queue` that ran at the times `up`."""
        self.trace.actors.code(name)
        lives = list(up) or [(0.0, NAN)]
        self.trace.cast[name] = Actor(name.rsplit("-", 1)[0], "consumer", queue, ack, prefetch, lives)

    def message(
        self,
        producer: str,
        number: int,
        queue: str,
        t: float,
        outcome: Outcome,
        ended: float = NAN,
        enqueued: float | None = None,
    ) -> int:
        """A message that is created and published at `t` and put in its queue at `enqueued` (by default then
        too).
        """
        trace = self.trace
        row = trace.messages.add(trace.actors.code(producer), number, trace.queues.code(queue), t)
        trace.messages.published[row] = t
        trace.messages.enqueued[row] = t if enqueued is None else enqueued
        trace.messages.outcome[row] = outcome
        trace.messages.ended[row] = ended
        return row

    def delivery(
        self, copy: int, consumer: str, sent: float, started: float, finished: float, ended: float, how: How
    ) -> None:
        """One more attempt at the message in row `copy`."""
        trace = self.trace
        messages, code = trace.messages, trace.actors.code(consumer)
        messages.deliveries[copy] += 1
        row = trace.deliveries.add(copy, messages.deliveries[copy], code, sent)
        trace.deliveries.started[row] = started
        trace.deliveries.finished[row] = finished
        trace.deliveries.ended[row] = ended
        trace.deliveries.how[row] = how
        if how not in (How.REQUEUED, How.RETURNED):  # a copy that was given back has no last attempt
            messages.consumer[copy] = code
            messages.delivered[copy], messages.started[copy], messages.finished[copy] = (
                sent,
                started,
                finished,
            )
        if how is How.ACKED:
            messages.acked[copy] = ended


def crash_trace() -> Trace:
    """Ten seconds, three workers, seven messages.

    worker-1 dies at 3 s with a message in its hands; worker-3 counts messages as done when they are sent, and
    dies at 9 s.
    """
    made = Handmade(10.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks", (0, 3), (6, NAN))
    made.consumer("worker-2", "tasks", (1, NAN))
    made.consumer("worker-3", "tasks", (0, 9), ack="auto")
    log = made.trace.events
    log.add(3.0, "crashed", "worker-1")
    log.add(6.0, "started", "worker-1")
    log.add(9.0, "powered-off", "worker-3")
    made.trace.faults = [
        FaultSpan("crash", "worker-1", 3.0, 6.0),
        FaultSpan("alarm", "memory", 7.0, 8.5),
        FaultSpan("power_off", "worker-3", 9.0, NAN),
    ]
    copies = [
        made.message("web-1", 0, "tasks", 0, Outcome.ACKED, 2),
        made.message("web-1", 1, "tasks", 0, Outcome.ACKED, 6),
        made.message("web-1", 2, "tasks", 0, Outcome.ACKED, 4),
        made.message("web-1", 3, "tasks", 3, Outcome.LOST, 9),
        made.message("web-1", 4, "tasks", 5, Outcome.UNACKED),
        made.message("web-1", 5, "dead", 5, Outcome.READY),
        made.message("web-1", 6, "tasks", 5.5, Outcome.LOST, 9),
    ]
    made.delivery(copies[0], "worker-1", 0, 0, 2, 2, How.ACKED)
    made.delivery(copies[1], "worker-1", 2, 2, NAN, 3, How.RETURNED)
    made.delivery(copies[2], "worker-2", 2, 2, 4, 4, How.ACKED)
    made.delivery(copies[3], "worker-3", 3, 3, NAN, 9, How.LOST)
    made.delivery(copies[1], "worker-2", 4, 4, 6, 6, How.ACKED)
    made.delivery(copies[6], "worker-3", 5.5, NAN, NAN, 9, How.LOST)
    made.delivery(copies[4], "worker-2", 8, 8.5, NAN, NAN, How.OPEN)
    return made.trace
