"""A classic queue as one would write it to be read, not to be fast: the oracle of the stateful test.

It knows nothing of the broker: lists, searched from the front, and RabbitMQ's rules for dispatch,
acknowledgements, requeueing, restarts, priorities, expiry and length limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Item:
    """A message: its place in the order, and whatever can become of it."""

    number: int
    persistent: bool
    expires: float
    redelivered: bool = False
    fate: str = ""


@dataclass
class Worker:
    """A consumer, with what it holds by tag."""

    name: str
    prefetch: int
    auto: bool
    held: dict[int, Item] = field(default_factory=dict)
    last_tag: int = 0
    cancelled: bool = False
    # Found blocked when its turn came, and not back in the circle yet.
    away: bool = False

    def is_free(self) -> bool:
        return self.auto or not self.prefetch or len(self.held) < self.prefetch


class PlainQueue:
    """The queue. `sent` lists every delivery: who, which message, whether redelivered."""

    def __init__(self, ttl: float | None, most: int | None) -> None:
        self.ttl, self.most = ttl, most
        self.now = 0.0
        self.items: list[Item] = []
        self.ready: list[Item] = []
        self.circle: list[Worker] = []
        self.workers: list[Worker] = []
        self.sent: list[tuple[str, int, bool]] = []

    def publish(self, persistent: bool) -> None:
        expires = float("inf") if self.ttl is None else self.now + self.ttl
        item = Item(len(self.items), persistent, expires)
        self.items.append(item)
        self.ready.append(item)
        self.send_what_can_be_sent()
        self.make_room()

    def subscribe(self, worker: Worker) -> None:
        self.workers.append(worker)
        self.circle.append(worker)
        self.send_what_can_be_sent()

    def cancel(self, worker: Worker) -> None:
        worker.cancelled = True
        self.circle = [other for other in self.circle if other is not worker]

    def send_what_can_be_sent(self) -> None:
        while self.ready:
            worker = self.whose_turn()
            if worker is None:
                return
            item = self.ready.pop(0)
            worker.last_tag += 1
            self.sent.append((worker.name, item.number, item.redelivered))
            if worker.auto:
                item.fate = "acked"
            else:
                worker.held[worker.last_tag] = item

    def whose_turn(self) -> Worker | None:
        while self.circle:
            worker = self.circle.pop(0)
            if worker.is_free():
                self.circle.append(worker)
                return worker
            worker.away = True
        return None

    def come_back(self, worker: Worker) -> None:
        if worker.away and worker.is_free() and not worker.cancelled:
            worker.away = False
            self.circle.append(worker)
        self.send_what_can_be_sent()

    def end(self, worker: Worker, tags: list[int], fate: str) -> None:
        for tag in tags:
            worker.held.pop(tag).fate = fate
        self.come_back(worker)

    def give_back(self, worker: Worker, tags: list[int]) -> None:
        self.take_back([worker.held.pop(tag) for tag in tags])
        self.send_what_can_be_sent()
        self.come_back(worker)

    def take_back(self, items: list[Item]) -> None:
        for item in items:
            item.redelivered = True
        self.ready = sorted([*self.ready, *items], key=lambda item: item.number)
        self.make_room()
        self.expire()

    def leave(self, worker: Worker) -> None:
        self.cancel(worker)
        self.workers = [other for other in self.workers if other is not worker]
        self.take_back([worker.held.pop(tag) for tag in list(worker.held)])
        self.send_what_can_be_sent()

    def make_room(self) -> None:
        while self.most is not None and len(self.ready) > self.most:
            self.ready.pop(0).fate = "maxlen"

    def expire(self) -> None:
        while self.ready and self.ready[0].expires <= self.now:
            self.ready.pop(0).fate = "expired"

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.expire()

    def restart(self, killed: bool) -> None:
        for worker in list(self.workers):
            self.cancel(worker)
        for worker in list(self.workers):
            self.leave(worker)
        for item in self.ready:
            item.fate = "" if item.persistent else "lost"
            item.redelivered = item.redelivered or killed
        self.ready = [item for item in self.ready if item.persistent]
