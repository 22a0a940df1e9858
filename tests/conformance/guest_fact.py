"""A program that plays one fact with pika and prints what it saw; its arguments: the fact's name.

It is run inside a guest (`test_virtual.py`). What needs an operator's hand it asks of a service of the stage.
"""

from __future__ import annotations

import json
import socket
import sys

from tests.conformance.facts import FACTS
from tests.conformance.pika_world import PikaWorld
from tests.conformance.script import normalised


def ask(order: str) -> None:
    """Have the stage do something, and wait until it's done."""
    with socket.create_connection(("operator", 1)) as stream:
        stream.sendall(order.encode())
        assert stream.recv(10) == b"done"


def main() -> None:
    """Play the fact."""
    world = PikaWorld(5672, "/", lambda on: ask("alarm on" if on else "alarm off"))
    try:
        for how in FACTS[sys.argv[1]].play(world) or ():
            ask(how)
        print(json.dumps(normalised(world.seen)))
    finally:
        world.end()


if __name__ == "__main__":
    main()
