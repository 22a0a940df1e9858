"""M/M/4 in Ciw, from its own distributions, nodes and records.

A hop is a node with places for all: the first for the way to the queue; the hops that hold a worker, to it
and back, are added to the work. So with latency Ciw writes two records a message, as it does for every node
visited.

Ciw has no crashes, and its schedules can't stand in for them: a change of shift sends all servers off at
once. Customers of a higher class, who pre-empt, can. Four of them go round for ever: a stay at a node of
their own is a worker's time up, a stay at the queue its repair. An idle server goes first, else the customer
who was served last is interrupted; he keeps his place at the head of the queue and his work restarts as long
as before. That is the same system as `textbook_simpy` describes.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import ciw
from ciw import dists

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
    from collections.abc import Iterable

NEVER = float("inf")


def network(workload: Workload) -> Any:
    """The network: the way to the queue (with latency), the queue, the workers' time up (with crashes)."""
    hop, work = workload.latency, dists.Exponential(rate=1 / WORK_MEAN)
    arrivals = [dists.Exponential(rate=ARRIVAL_RATE)]
    services = [work]
    places: list[float] = [WORKERS]
    if hop:
        arrivals.append(None)
        services = [dists.Deterministic(hop), work + dists.Deterministic(2 * hop)]
        places = [NEVER, WORKERS]
    queue = len(places) - 1
    if not workload.crashes:
        size = len(places)
        return ciw.create_network(
            arrival_distributions=arrivals,
            service_distributions=services,
            number_of_servers=places,
            routing=[[float(to == at + 1) for to in range(size)] for at in range(size)],
        )
    up = queue + 1
    size = up + 1
    turns = {(queue, up), (up, queue)}
    crash_services = [dists.Exponential(rate=1 / REPAIR_MEAN)] * up + [dists.Exponential(rate=1 / UP_MEAN)]
    crash_arrivals = [None] * up + [dists.Sequential([0.0] * WORKERS + [NEVER])]
    return ciw.create_network(
        arrival_distributions={"message": [*arrivals, None], "crash": crash_arrivals},
        service_distributions={"message": [*services, dists.Deterministic(0.0)], "crash": crash_services},
        number_of_servers=[*places, NEVER],
        routing={
            "message": [[float(to == at + 1 <= queue) for to in range(size)] for at in range(size)],
            "crash": [[float((at, to) in turns) for to in range(size)] for at in range(size)],
        },
        priority_classes=({"crash": 0, "message": 1}, [False] * queue + ["restart", False]),
    )


def simulate(workload: Workload) -> Any:
    """Run a workload; return the simulation, whose individuals hold their own records."""
    ciw.seed(workload.seed)
    simulation = ciw.Simulation(network(workload))
    simulation.simulate_until_max_customers(workload.messages, method="Finish")
    return simulation


def waits(simulation: Any) -> Iterable[float]:
    """Each finished message's time from its arrival to the start of the work that finished it."""
    for message in simulation.nodes[-1].all_individuals:
        records = message.data_records
        hop = records[0].service_time if len(records) > 1 and records[0].node < records[-1].node else 0.0
        yield records[-1].service_start_date + hop - records[0].arrival_date


if __name__ == "__main__":
    workload, _ = read_workload(argparse.ArgumentParser(description=__doc__))
    measure(simulate, waits, workload)
