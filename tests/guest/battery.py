"""All small programs; run as a module it prints their transcripts, for comparing interpreters."""

from __future__ import annotations

import sys

from tests.guest.plain import PLAIN
from tests.guest.worldly import WORLDLY

ALL = PLAIN | WORLDLY
OPTIONS: dict[str, dict[str, object]] = {"arguments": {"arguments": ("tasks", "3")}, "chance": {"seed": 7}}


def main() -> None:
    """Print all transcripts, carried as the command line says."""
    from mqsim.guest.carriers.fork_server import ForkServer
    from mqsim.guest.carriers.in_process import InProcess
    from tests.guest.stage import play

    server = None if sys.argv[1] == "in process" else ForkServer()
    for name, each in ALL.items():
        print(name)
        print("\n".join(play(server or InProcess, each.source, **OPTIONS.get(name, {}))))
    if server is not None:
        server.close()


if __name__ == "__main__":
    main()
