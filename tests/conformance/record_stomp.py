"""Record what RabbitMQ's STOMP plugin does: plays every conversation and writes what was seen as data.

python tests/conformance/record_stomp.py
python tests/conformance/record_stomp.py --only FACT …    play these and print what they saw
python tests/conformance/record_stomp.py --write --only FACT …    put these into the recording
python tests/conformance/record_stomp.py --check          compare with the recording, write nothing
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.record import RECORDINGS, differences, load, render
from tests.conformance.servers import RealBroker, ServerError
from tests.conformance.stomp.facts import FACTS
from tests.conformance.stomp.real import play_all

NAME = "stomp-3.10"
"""The recording's name, as `record.load` takes it."""


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="FACT", help="play these and print what they saw")
    parser.add_argument("--write", action="store_true", help="put what --only plays into the recording")
    parser.add_argument("--check", action="store_true", help="compare with the recording and write nothing")
    given = parser.parse_args()
    unknown = set(given.only or ()) - FACTS.keys()
    if unknown:
        parser.error(f"no such fact: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    try:
        with RealBroker("3.10", stomp=True) as broker:
            seen = play_all(broker, given.only)
            full_version = broker.full_version
    except ServerError as error:
        print(error, file=sys.stderr)
        return 2
    taken = time.monotonic() - began
    failed = [name for name, value in seen.items() if value[:1] == ["it failed"]]
    for name in failed:
        print(f"{name} {seen[name][1]}", file=sys.stderr)
    if given.check:
        expected = load(NAME)
        found = list(differences({name: expected[name] for name in seen if name in expected}, seen))
        print("\n".join(found) or f"{len(seen)} facts agree", f"({full_version}, {taken:.0f} s)")
        return 1 if found else 0
    if given.only and given.write:
        seen = {**load(NAME), **seen}
    elif given.only:
        print(json.dumps(seen, indent=1, ensure_ascii=False))
        return 0
    seen = {name: seen[name] for name in FACTS}
    path = RECORDINGS / f"{NAME}.json"
    path.write_text(render(f"RabbitMQ {full_version} with its STOMP plugin", seen))
    print(f"{len(seen)} facts of RabbitMQ {full_version} in {taken:.0f} s: {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
