"""M/M/4 in salabim, in two styles.

`textbook` is a component a message and a Resource, in the yieldless style, salabim's default. Making a
component takes more than 0.1 ms, which sets its pace; the Resource isn't monitored, which helps a little.

`servers` is salabim at its fastest: components that live as long as the run, messages that are plain
numbers in a deque, processes with `yield` (quicker here than yieldless), and no monitors. A hop to the
queue is a component that passes messages on one latency later. A crash is a component a worker that cancels
it, puts its message back at the head of the queue, and starts it again after the repair.

`textbook` leaves crashes out: a pre-emptive Resource pre-empts for every better rank, so a message that comes
back at the head of the queue would interrupt another.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Generator, Iterable
from typing import Any

import salabim

from benchmarks.workload import (
    ARRIVAL_RATE,
    REPAIR_MEAN,
    UP_MEAN,
    WORK_MEAN,
    WORKERS,
    Workload,
    measure,
    read_workload,
)

Record = tuple[float, float, float]
Process = Generator[None, None, None]


def textbook(workload: Workload) -> list[Record]:
    """Run a workload with a component a message."""
    rng, hop, records = workload.random(), workload.latency, list[Record]()
    env = salabim.Environment(trace=False, yieldless=True)
    workers = salabim.Resource("workers", capacity=WORKERS, monitor=False)

    class Message(salabim.Component):  # type: ignore[misc]
        def process(self) -> None:
            arrival = env.now()
            if hop:
                self.hold(hop)
            self.request(workers)
            if hop:
                self.hold(hop)
            start = env.now()
            self.hold(rng.expovariate(1 / WORK_MEAN) + hop)
            self.release(workers)
            records.append((arrival, start, env.now() - hop))

    class Source(salabim.Component):  # type: ignore[misc]
        def process(self) -> None:
            for _ in range(workload.messages):
                self.hold(rng.expovariate(ARRIVAL_RATE))
                Message()

    Source()
    env.run()
    return records


class Desk:
    """The queue and those who serve it, in the long-lived style."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.rng = workload.random()
        self.env: Any = salabim.Environment(trace=False, yieldless=False)
        self.waiting: deque[tuple[float, float]] = deque()  # (arrival, work)
        self.records: list[Record] = []
        self.workers: list[Worker] = [Worker(desk=self) for _ in range(WORKERS)]

    def wake(self) -> None:
        """Wake one idle worker, if there is one."""
        for worker in self.workers:
            if worker.ispassive():
                worker.activate()
                return


class Worker(salabim.Component):  # type: ignore[misc]
    """Takes the message at the head of the queue, works, records, and sleeps while the queue is empty."""

    def setup(self, desk: Desk) -> None:
        self.desk = desk
        self.message: tuple[float, float] | None = None
        self.status.monitor(False)
        self.mode.monitor(False)

    def process(self) -> Process:
        desk, now, hop = self.desk, self.desk.env.now, self.desk.workload.latency
        waiting, record = desk.waiting, desk.records.append
        last = desk.workload.messages
        while True:
            while not waiting:
                yield self.passivate()
            self.message = arrival, work = waiting.popleft()
            if hop:
                yield self.hold(hop)
            start = now()
            yield self.hold(work + hop)
            record((arrival, start, now() - hop))
            self.message = None
            if len(desk.records) == last:
                desk.env.main().activate()


class Source(salabim.Component):  # type: ignore[misc]
    """Messages arrive."""

    def setup(self, desk: Desk, link: Link | None) -> None:
        self.desk = desk
        self.link = link
        self.status.monitor(False)
        self.mode.monitor(False)

    def process(self) -> Process:
        desk, draw, link = self.desk, self.desk.rng.expovariate, self.link
        for _ in range(desk.workload.messages):
            yield self.hold(draw(ARRIVAL_RATE))
            message = (desk.env.now(), draw(1 / WORK_MEAN))
            if link is None:
                desk.waiting.append(message)
                desk.wake()
            else:
                link.carry(message)


class Link(salabim.Component):  # type: ignore[misc]
    """Passes each message on one latency after it came; what came first arrives first."""

    def setup(self, desk: Desk) -> None:
        self.desk = desk
        self.under_way: deque[tuple[float, float]] = deque()
        self.status.monitor(False)
        self.mode.monitor(False)

    def carry(self, message: tuple[float, float]) -> None:
        self.under_way.append(message)
        if self.ispassive():
            self.activate()

    def process(self) -> Process:
        desk, hop, under_way = self.desk, self.desk.workload.latency, self.under_way
        while True:
            while not under_way:
                yield self.passivate()
            yield self.hold(till=under_way[0][0] + hop)
            desk.waiting.append(under_way.popleft())
            desk.wake()


class Breaker(salabim.Component):  # type: ignore[misc]
    """Crashes one worker and repairs it, over and over."""

    def setup(self, desk: Desk, worker: Worker) -> None:
        self.desk = desk
        self.worker = worker

    def process(self) -> Process:
        desk, draw, worker = self.desk, self.desk.rng.expovariate, self.worker
        while True:
            yield self.hold(draw(1 / UP_MEAN))
            worker.cancel()
            if worker.message is not None:
                desk.waiting.appendleft(worker.message)
                worker.message = None
                desk.wake()
            yield self.hold(draw(1 / REPAIR_MEAN))
            worker.activate(process="process")


def servers(workload: Workload) -> list[Record]:
    """Run a workload with components that live as long as the run."""
    salabim.yieldless(False)
    desk = Desk(workload)
    Source(desk=desk, link=Link(desk=desk) if workload.latency else None)
    if workload.crashes:
        for worker in desk.workers:
            Breaker(desk=desk, worker=worker)
    desk.env.run(till=salabim.inf)
    return desk.records


def waits(records: list[Record]) -> Iterable[float]:
    """Each message's time from arrival to start."""
    return (start - arrival for arrival, start, _ in records)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", choices=["textbook", "servers"], required=True)
    workload, given = read_workload(parser)
    measure(textbook if given.style == "textbook" else servers, waits, workload)
