"""Traces made by hand: a message a line, an attempt a line."""

from __future__ import annotations

from mqsim.trace import NOT_A_TIME, Actor, How, Outcome, Trace


class Hand:
    """A trace under construction. Times that are not given did not happen."""

    def __init__(self, end: float = 100.0) -> None:
        self.trace = Trace()
        self.trace.end = end
        self.trace.profile = "4.3"
        self.numbers: dict[str, int] = {}

    def consumer(self, name: str, **about: object) -> Hand:
        """Somebody who consumes; up for the whole run unless `up` says otherwise."""
        about.setdefault("up", [(0.0, NOT_A_TIME)])
        group = name.rsplit("-", 1)[0]
        self.trace.actors.code(name)
        self.trace.cast[name] = Actor(group, "consumer", **about)  # type: ignore[arg-type]
        return self

    def message(
        self,
        outcome: Outcome = Outcome.ACKED,
        *,
        queue: str | None = "tasks",
        producer: str = "web-1",
        number: int | None = None,
        created: float = 0.0,
        parent: int = -1,
        origin: int | None = None,
        **times: float,
    ) -> int:
        """One row of the message table; published and queued when created unless told otherwise."""
        trace, table = self.trace, self.trace.messages
        if number is None:
            number = self.numbers.get(producer, 0)
        self.numbers[producer] = max(self.numbers.get(producer, 0), number + 1)
        code = trace.queues.code(queue) if queue is not None else -1
        row = table.add(trace.actors.code(producer), number, code, created)
        table.parent[row] = parent
        table.outcome[row] = outcome
        if origin is not None:
            table.origin[row] = origin
        for name, value in ({"published": created, "enqueued": created} | times).items():
            getattr(table, name)[row] = value
        return row

    def attempt(self, copy: int, consumer: str, sent: float, how: How = How.OPEN, **times: float) -> int:
        """One row of the delivery table, and what the message table takes from it."""
        trace, table, messages = self.trace, self.trace.deliveries, self.trace.messages
        if consumer not in trace.cast:
            self.consumer(consumer)
        messages.deliveries[copy] += 1
        code = trace.actors.code(consumer)
        row = table.add(copy, messages.deliveries[copy], code, sent)
        table.how[row] = how
        times = {"received": sent} | times
        for name, value in times.items():
            getattr(table, name)[row] = value
        back = how in (How.REQUEUED, How.RETURNED)
        messages.consumer[copy] = -1 if back else code
        for name in ("started", "finished"):
            getattr(messages, name)[copy] = NOT_A_TIME if back else times.get(name, NOT_A_TIME)
        messages.delivered[copy] = NOT_A_TIME if back else sent
        if how == How.ACKED:
            messages.acked[copy] = table.ended[row]
        if how in (How.ACKED, How.REJECTED, How.LOST):
            messages.ended[copy] = table.ended[row]
        return row

    def served(self, created: float, consumer: str, start: float, end: float, **about: object) -> int:
        """A message that was sent and started at `start`, finished and acknowledged at `end`."""
        copy = self.message(created=created, **about)  # type: ignore[arg-type]
        self.attempt(copy, consumer, start, How.ACKED, started=start, finished=end, ended=end)
        return copy
