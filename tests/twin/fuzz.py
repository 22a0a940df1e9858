"""Plays scenarios drawn at random in both engines: `python -m tests.twin.fuzz 20000 [--from SEED] [--seconds
S]`. Where the twin can count numbers without a trace, those are compared, too.

Prints the first difference, and the smallest scenario that still shows one. Exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from mqsim.errors import MqsimError, ScenarioError
from mqsim.scenario import Scenario
from mqsim.twin import eligible
from mqsim.twin.measuring import counts
from mqsim.twin.supply import CannotGoOnError
from tests.twin.comparing import difference, difference_of_numbers
from tests.twin.drawing import scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def outcome_of(data: dict[str, Any]) -> tuple[str, str]:
    """What came of a scenario: `equal`, `different`, or why it was passed over; and the difference."""
    try:
        drawn = Scenario.from_data(data)
    except ScenarioError as error:
        return f"not allowed: {str(error)[:60]}", ""
    if why := eligible(drawn):
        return f"not eligible: {why[:60]}", ""
    try:
        found = difference(drawn) or (difference_of_numbers(drawn) if counts(drawn) else "")
    except CannotGoOnError as error:
        return f"left to sim: {str(error).split()[0]}", ""
    except MqsimError as error:
        return f"cannot run: {str(error)[:40]}", ""
    return ("different", found) if found else ("equal", "")


def smaller(data: Any) -> Iterator[Any]:
    """The same with one part less, anywhere in it."""
    if isinstance(data, dict):
        for key in list(data):
            rest = {name: value for name, value in data.items() if name != key}
            yield rest
            for part in smaller(data[key]):
                yield {**data, key: part}
    elif isinstance(data, list):
        for k in range(len(data)):
            yield data[:k] + data[k + 1 :]
            for part in smaller(data[k]):
                yield [*data[:k], part, *data[k + 1 :]]
    elif isinstance(data, int) and not isinstance(data, bool) and data > 1:
        yield data // 2
        yield data - 1


def minimised(
    data: dict[str, Any], differs: Callable[[dict[str, Any]], bool], seconds: float = 60
) -> dict[str, Any]:
    """The smallest scenario found that still differs."""
    best, until = copy.deepcopy(data), time.monotonic() + seconds
    while time.monotonic() < until:
        for candidate in smaller(best):
            if time.monotonic() >= until:
                break
            if differs(candidate):
                best = candidate
                break
        else:
            break
    return best


def main(argv: list[str]) -> int:
    """Compare so many scenarios; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.twin.fuzz")
    parser.add_argument("count", type=int, help="how many scenarios to draw")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first one's seed")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--keep-going", action="store_true", help="count differences instead of stopping")
    parser.add_argument("--minimise", type=float, default=60, help="seconds to look for a smaller one")
    given = parser.parse_args(argv)
    counts: Counter[str] = Counter()
    until = time.monotonic() + given.seconds
    for seed in range(given.first, given.first + given.count):
        data = scenario(seed)
        outcome, found = outcome_of(data)
        counts[outcome] += 1
        if found:
            print(f"seed {seed}: {found}", flush=True)
            if not given.keep_going:
                least = minimised(data, lambda each: outcome_of(each)[0] == "different", given.minimise)
                print(f"the smallest that differs: {least}\n{outcome_of(least)[1]}")
                break
        if time.monotonic() >= until:
            break
    for outcome, count in counts.most_common():
        print(f"{count:8d}  {outcome}")
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
