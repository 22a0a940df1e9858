"""Digests of samples and arrival times: the same on every machine, processor, Python and numpy.

`python -m tests.golden.samples` compares them with `samples.txt` and names what differs; with `--write` it
writes that file anew. It needs numpy, pydantic and ruamel.yaml alone, so that it runs quickly wherever a
Python is found.
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import numpy as np

from mqsim.distributions import Streams, parse
from mqsim.scenario import Scenario
from mqsim.scenario.arrival_times import times

KEPT = Path(__file__).with_name("samples.txt")
SAMPLES, ARRIVALS = 10_000, 2000

LAWS: tuple[object, ...] = (
    {"exponential": {"mean": 0.1}},
    {"uniform": {"low": 0.1, "high": 0.7}},
    {"erlang": {"k": 1, "mean": 0.3}},
    {"erlang": {"k": 4, "mean": 0.3}},
    {"erlang": {"k": 250, "mean": 0.3}},
    {"gamma": {"mean": 0.3, "cv": 0.4}},
    {"gamma": {"mean": 0.3, "cv": 3}},
    {"gamma": {"mean": 0.3, "cv": 1}},
    {"lognormal": {"mean": 0.045, "cv": 1.5}},
    {"weibull": {"mean": 2, "shape": 0.7}},
    {"weibull": {"mean": 2, "shape": 3}},
    {"pareto": {"mean": 2, "shape": 1.5}},
    {"hyperexponential": {"probabilities": [0.9, 0.1], "means": [0.5, 5.5]}},
    {"hyperexponential": {"probabilities": [0.5, 0.3, 0.2], "means": [1e-3, 1, 1e3]}},
    {"discrete": {"values": [1, 5, 2], "weights": [0.1, 0.2, 0.3]}},
    {"empirical": {"values": [0.1, 0.4, 0.2]}},
)
STREAMS: tuple[dict[str, object], ...] = (
    {"poisson": {"rate": 3.6}},
    {"every": 0.1},
    {"renewal": {"gamma": {"mean": 0.3, "cv": 0.5}}},
    {"mmpp": {"rates": [1, 10, 3], "switch": [[0, 0.1, 0.3], [0.2, 0, 0.4], [0.7, 0.1, 0]]}},
    {"batches": {"every": {"lognormal": {"mean": 1, "cv": 1}}, "size": {"uniform": {"low": 1, "high": 9}}}},
    {"profile": {"points": [[0, 1], [50, 20], [100, 0.1], [700, 3]]}},
    {"profile": {"points": [[0, 1], [50, 20]], "law": "even", "shape": "step"}},
)


def digest(numbers: object) -> str:
    """Sixteen hex digits of the bytes of some floats."""
    return blake2b(np.array(numbers, dtype="<f8").tobytes(), digest_size=8).hexdigest()


def lines() -> list[str]:
    """A line for each law and each kind of arrivals: the digest and what it is of."""
    streams = Streams(7)
    found = []
    for law in LAWS:
        # In two parts, because blocks of any size must give the same samples.
        sampler = streams.sampler("worker-1", "work", parse(law))
        found.append(f"{digest([*sampler.block(0, 100), *sampler.block(100, SAMPLES - 100)])}  {law}")
    for arrivals in STREAMS:
        producer = {"to": "tasks", "arrivals": arrivals}
        whole = {"duration": 1, "broker": {"queues": {"tasks": {}}}, "producers": {"web": producer}}
        found_times = times(Scenario.from_data(whole).producers["web"], streams, "web-1")
        assert found_times is not None
        found.append(f"{digest(list(islice(found_times, ARRIVALS)))}  {arrivals}")
    return found


def main() -> None:
    """Compare, or write."""
    now = lines()
    if sys.argv[1:] == ["--write"]:
        KEPT.write_text("\n".join(now) + "\n", encoding="utf-8", newline="\n")
        return
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    differ = [line for line in now if line not in kept]
    if differ or len(now) != len(kept):
        sys.exit("These samples differ from those of other machines:\n" + "\n".join(differ))
    print(f"{len(now)} digests of samples and arrivals, all as on other machines")


if __name__ == "__main__":
    main()
