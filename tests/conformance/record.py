"""Record what a real RabbitMQ does: plays every fact and writes what was seen as data.

python tests/conformance/record.py --version 3.10
python tests/conformance/record.py --version 4.0 --chroot DIR    chroots.py make makes DIR
python tests/conformance/record.py --version 3.10 --check        compare with the recording, write nothing
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from tests.conformance.facts import FACTS
from tests.conformance.play import Recording, play_all, server
from tests.conformance.servers import SUITES, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.script import Seen

RECORDINGS = Path(__file__).parent / "recordings"


def load(version: str) -> Recording:
    """Return what each fact saw on that version, by the fact's name."""
    found: Recording = json.loads((RECORDINGS / f"{version}.json").read_text())["facts"]
    return found


def render(server: str, seen: Recording) -> str:
    """Return a recording as text: sorted, one observation a line, so that two can be compared by eye."""
    facts = []
    for name, observations in sorted(seen.items()):
        lines = ",\n".join(
            f"   {json.dumps(each, ensure_ascii=False, sort_keys=True)}" for each in observations
        )
        facts.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
    body = ",\n".join(facts)
    return f'{{\n "server": {json.dumps(server)},\n "facts": {{\n{body}\n }}\n}}\n'


def differences(before: Recording, after: Recording) -> Iterator[str]:
    """Yield a line for each observation that differs between two recordings."""
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            yield f"{name}: only in {'the second' if name in after else 'the first'}"
            continue
        yield from (f"{name}: {line}" for line in differing(before[name], after[name]))


def differing(before: Seen, after: Seen) -> Iterator[str]:
    """Yield a line for each observation of one fact that differs."""
    for index in range(max(len(before), len(after))):
        one, two = (each[index] if index < len(each) else "nothing" for each in (before, after))
        if one != two:
            yield f"{json.dumps(one, ensure_ascii=False)} != {json.dumps(two, ensure_ascii=False)}"


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", choices=sorted(SUITES), required=True)
    parser.add_argument("--chroot", type=Path, help="a Debian tree that holds that version")
    parser.add_argument("--only", nargs="+", metavar="FACT", help="play these and print what they saw")
    parser.add_argument("--check", action="store_true", help="compare with the recording and write nothing")
    given = parser.parse_args()
    unknown = set(given.only or ()) - FACTS.keys()
    if unknown:
        parser.error(f"no such fact: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    try:
        with server(given.version, given.chroot) as broker:
            seen = play_all(broker, given.only)
            full_version = broker.full_version
    except ServerError as error:
        print(error, file=sys.stderr)
        return 2
    taken = time.monotonic() - began
    failed = [name for name, value in seen.items() if value[:1] == ["it failed"]]
    for name in failed:
        print(f"{name} {seen[name][1]}", file=sys.stderr)
    if failed:
        return 1
    if given.only and not given.check:
        print(json.dumps(seen, indent=1, ensure_ascii=False))
    elif given.check:
        expected = load(given.version)
        found = list(differences({name: expected[name] for name in seen if name in expected}, seen))
        print("\n".join(found) or f"{len(seen)} facts agree", f"({full_version}, {taken:.0f} s)")
        return 1 if found else 0
    else:
        path = RECORDINGS / f"{given.version}.json"
        path.write_text(render(f"RabbitMQ {full_version}", seen))
        print(f"{len(seen)} facts of RabbitMQ {full_version} in {taken:.0f} s: {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
