"""M/M/4 in SimPy, as its documentation teaches it: a process a customer, and a Resource.

With crashes the Resource is a PreemptiveResource, and one process a worker takes a place away for the
repair, ahead of everybody. An idle place goes first, else the customer who was served last is interrupted;
he asks again ahead of those who wait. As every place is alike, the number of workers up and of messages in
the system follow the same law as when the worker that crashes is a particular one.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

import simpy

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

if TYPE_CHECKING:
    from random import Random

Process = Generator[simpy.Event, object, None]
Record = tuple[float, float, float]

CRASHED, RETURNED, NEW = 0, 1, 2


def customer(
    env: simpy.Environment, servers: simpy.Resource, rng: Random, latency: float, records: list[Record]
) -> Process:
    """One message: to the queue, a place, the work; the last hop is the acknowledgement's."""
    arrival = env.now
    if latency:
        yield env.timeout(latency)
    with servers.request() as place:
        yield place
        if latency:
            yield env.timeout(latency)
        start = env.now
        yield env.timeout(rng.expovariate(1 / WORK_MEAN) + latency)
        records.append((arrival, start, env.now - latency))


def persistent_customer(
    env: simpy.Environment,
    servers: simpy.PreemptiveResource,
    rng: Random,
    latency: float,
    records: list[Record],
    last: simpy.Event,
    messages: int,
) -> Process:
    """One message that goes back to the head of the queue when its worker crashes."""
    arrival = env.now
    if latency:
        yield env.timeout(latency)
    work = rng.expovariate(1 / WORK_MEAN)
    rank = NEW
    while True:
        with servers.request(priority=rank, preempt=False) as place:
            try:
                yield place
                if latency:
                    yield env.timeout(latency)
                start = env.now
                yield env.timeout(work + latency)
            except simpy.Interrupt:
                rank = RETURNED
                continue
            records.append((arrival, start, env.now - latency))
            if len(records) == messages:
                last.succeed()
            return


def crashes(env: simpy.Environment, servers: simpy.PreemptiveResource, rng: Random) -> Process:
    """One worker's life: up, then a place less for as long as the repair takes."""
    while True:
        yield env.timeout(rng.expovariate(1 / UP_MEAN))
        with servers.request(priority=CRASHED, preempt=True) as place:
            yield place
            yield env.timeout(rng.expovariate(1 / REPAIR_MEAN))


def simulate(workload: Workload) -> list[Record]:
    """Run a workload; return (arrival, start, end) of each message, in the order of the ends."""
    env = simpy.Environment()
    rng = workload.random()
    records: list[Record] = []

    if not workload.crashes:
        servers = simpy.Resource(env, capacity=WORKERS)

        def source() -> Process:
            for _ in range(workload.messages):
                yield env.timeout(rng.expovariate(ARRIVAL_RATE))
                env.process(customer(env, servers, rng, workload.latency, records))

        env.process(source())
        env.run()
        return records

    crashing = simpy.PreemptiveResource(env, capacity=WORKERS)
    last = env.event()

    def persistent_source() -> Process:
        for _ in range(workload.messages):
            yield env.timeout(rng.expovariate(ARRIVAL_RATE))
            env.process(
                persistent_customer(env, crashing, rng, workload.latency, records, last, workload.messages)
            )

    env.process(persistent_source())
    for _ in range(WORKERS):
        env.process(crashes(env, crashing, rng))
    env.run(until=last)
    return records


def waits(records: list[Record]) -> Iterable[float]:
    """Each message's time from arrival to start."""
    return (start - arrival for arrival, start, _ in records)


if __name__ == "__main__":
    workload, _ = read_workload(argparse.ArgumentParser(description=__doc__))
    measure(simulate, waits, workload)
