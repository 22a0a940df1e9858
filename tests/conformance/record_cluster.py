"""Record what a real cluster of three RabbitMQ nodes does when something befalls one: written as data.

python tests/conformance/record_cluster.py --version 3.10
python tests/conformance/record_cluster.py --version 4.3 --chroot DIR    chroots.py make makes DIR
python tests/conformance/record_cluster.py --version 3.10 --check        compare with the recording
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from tests.conformance.cluster import RealCluster
from tests.conformance.cluster_facts import CLUSTER_FACTS
from tests.conformance.cluster_play import play_cluster
from tests.conformance.record import RECORDINGS, differences, render
from tests.conformance.servers import SUITES, ServerError

if TYPE_CHECKING:
    from tests.conformance.play import Recording


def path_of(version: str) -> Path:
    """Where the recording of a cluster of that version is."""
    return RECORDINGS / f"cluster-{version}.json"


def load_cluster(version: str) -> Recording:
    """Return what each fact saw on a cluster of that version, by the fact's name."""
    found: Recording = json.loads(path_of(version).read_text())["facts"]
    return found


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", choices=sorted(SUITES), required=True)
    parser.add_argument("--chroot", type=Path, help="a Debian tree that holds that version")
    parser.add_argument("--only", nargs="+", metavar="FACT", help="play these and print what they saw")
    parser.add_argument("--check", action="store_true", help="compare with the recording and write nothing")
    given = parser.parse_args()
    unknown = set(given.only or ()) - CLUSTER_FACTS.keys()
    if unknown:
        parser.error(f"no such fact: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    try:
        with RealCluster(given.version, given.chroot) as cluster:
            seen = play_cluster(cluster, given.only)
            full_version = cluster.full_version
    except ServerError as error:
        print(error, file=sys.stderr)
        return 2
    taken = time.monotonic() - began
    for name in [name for name, value in seen.items() if value[:1] == ["it failed"]]:
        print(f"{name} {seen[name][1]}", file=sys.stderr)
    if given.only and not given.check:
        print(json.dumps(seen, indent=1, ensure_ascii=False))
    elif given.check:
        expected = load_cluster(given.version)
        found = list(differences({name: expected[name] for name in seen if name in expected}, seen))
        print("\n".join(found) or f"{len(seen)} facts agree", f"({full_version}, {taken:.0f} s)")
        return 1 if found else 0
    else:
        path_of(given.version).write_text(render(f"RabbitMQ {full_version}, three nodes", seen))
        print(f"{len(seen)} facts of a cluster of RabbitMQ {full_version} in {taken:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
