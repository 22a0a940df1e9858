"""M/M/4 in mqsim: a scenario, run under the broker's rules, with its message table and its delivery table.

`--engine compiled` plays it in the compiled twin, which is loaded (and, the first time, compiled) before the
clock starts. `--measured` keeps a few numbers of the run and no tables.
"""

from __future__ import annotations

import argparse
from string import Template
from typing import TYPE_CHECKING

import mqsim as mq
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

    from mqsim.runs import Replications

SCENARIO = Template("""
name: M/M/c
seed: $seed
until: drained
max_duration: 1e9
broker: {queues: {tasks: {}}}
network: {latency: $latency}
producers:
  source:
    to: tasks
    arrivals: {poisson: {rate: $rate}}
    work: {exponential: {mean: $work}}
    messages: $messages
consumers:
  worker: {count: $workers, queue: tasks, prefetch: 1}
""")
CRASHES = Template("""
faults:
  - {crash: worker, every: {exponential: {mean: $up}}, repair: {exponential: {mean: $repair}}}
""")


def scenario(workload: Workload) -> mq.Scenario:
    """The workload as a scenario; a crash takes a worker's process, and its message comes back."""
    text = SCENARIO.substitute(
        seed=workload.seed,
        latency=workload.latency,
        messages=workload.messages,
        rate=ARRIVAL_RATE,
        work=WORK_MEAN,
        workers=WORKERS,
    )
    if workload.crashes:
        text += CRASHES.substitute(up=UP_MEAN, repair=REPAIR_MEAN)
    return mq.Scenario.from_yaml(text)


def waits(result: mq.Result) -> Iterable[float]:
    """Each acknowledged message's time from its creation to the start of the work that finished it."""
    messages = result.messages
    if len(result.deliveries) < len(messages):
        raise SystemExit("the delivery table is shorter than the message table: something was not recorded")
    done = messages[messages["outcome"] == "acked"]
    waited: list[float] = (done["started"] - done["created"]).tolist()
    return waited


MEASURED = [
    "queues.tasks.sojourn.count",
    "queues.tasks.sojourn.mean",
    "queues.tasks.service.mean",
    "queues.tasks.sojourn.p95",
    "queues.tasks.depth.mean",
    "groups.worker.utilisation",
]


def measured_waits(found: Replications) -> Iterable[float]:
    """The mean time from creation to start, once a message."""
    numbers = {path: float(values[0]) for path, values in found.numbers.items()}
    mean = numbers["queues.tasks.sojourn.mean"] - numbers["queues.tasks.service.mean"]
    return [mean] * int(numbers["queues.tasks.sojourn.count"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["simpy", "compiled"], default="simpy")
    parser.add_argument("--measured", action="store_true")
    workload, given = read_workload(parser)
    prepared, engine = scenario(workload), given.engine
    # mqsim imports lazily; the clock is not for imports.
    small = scenario(Workload(messages=1))
    mq.simulate(small, engine=engine)
    if given.measured:
        mq.simulate_many(small, [1], MEASURED, engine=engine)
        measure(
            lambda _: mq.simulate_many(prepared, [workload.seed], MEASURED, engine=engine),
            measured_waits,
            workload,
        )
    else:
        measure(lambda _: mq.simulate(prepared, engine=engine), waits, workload)
