"""M/M/4 in mqsim: a scenario, run under the broker's rules, with its message table and its delivery table."""

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


if __name__ == "__main__":
    workload, _ = read_workload(argparse.ArgumentParser(description=__doc__))
    prepared = scenario(workload)
    mq.simulate(scenario(Workload(messages=1)))  # mqsim imports lazily; the clock is not for imports
    measure(lambda _: mq.simulate(prepared), waits, workload)
