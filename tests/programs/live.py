"""Plays casts on a real RabbitMQ: each program is a Python process of its own, and each line gets its time.

    python -m tests.programs.live record                  # anew, on this machine's RabbitMQ 3.10
    python -m tests.programs.live record --pika FOLDER    # with the pika in that folder

Files run unmodified. Only two defaults of pika's are set beforehand: the port, and a virtual host for each
cast, so that they don't meet. pika is imported before the start, since virtual time charges nothing for it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.servers import RealBroker
from tests.outside import PATIENCE
from tests.programs.casts import CASTS, Cast, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Line = tuple[float, str, str]
"""Seconds from the beginning, `stdout`, `stderr` or `exit`, and the text: for `exit` the status."""

Played = dict[str, list[Line]]
"""What each program of a cast printed, and how it ended if it ended by itself."""

LATE_LINES = 20.0
"""Seconds that lines are waited for beyond the end of their cast; a cast that went another way has none."""

RECORDING = Path(__file__).parent / "recordings" / "3.10.json"

_BOOT = """
import runpy, sys
import pika.connection
port, vhost, *sys.argv[:] = sys.argv[1:]
pika.connection.Parameters.DEFAULT_PORT = int(port)
pika.connection.Parameters.DEFAULT_VIRTUAL_HOST = vhost
sys.path[0] = sys.argv[0].rpartition("/")[0]
print("ready", flush=True)
sys.stdin.readline()
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Actor:
    """One process, ready to begin."""

    def __init__(self, part: Part, port: int, vhost: str, environment: dict[str, str]) -> None:
        self.part = part
        self.lines: list[Line] = []
        self._began = 0.0
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", _BOOT, str(port), vhost, str(part.path), *part.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def begin(self, began: float) -> None:
        """Let it run, and listen to it; times count from `began`."""
        process, self._began = self._process, began
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        streams = {"stdout": process.stdout, "stderr": process.stderr}
        self._readers = [
            threading.Thread(target=self._read, args=(stream, pipe)) for stream, pipe in streams.items()
        ]
        for reader in self._readers:
            reader.start()
        self._waiter = threading.Thread(target=self._wait)
        self._waiter.start()
        process.stdin.write("\n")
        process.stdin.flush()

    def _read(self, stream: str, pipe: IO[str]) -> None:
        for line in pipe:
            self.lines.append((self._now(), stream, line.rstrip("\n")))

    def _wait(self) -> None:
        status = self._process.wait()
        ended = self._now()
        for reader in self._readers:
            reader.join()
        if status >= 0:
            self.lines.append((ended, "exit", str(status)))

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> list[Line]:
        """Kill what still runs; all that it said, in order."""
        self._process.kill()
        if self._began:
            self._waiter.join(PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        self._process.wait(PATIENCE)
        return self.lines


def play(
    cast: Cast, port: int, vhost: str, pika: Path | None = None, awaited: Played | None = None
) -> Played:
    """Play a cast against a server on a port of this machine.

    Args:
        cast: who plays.
        port: the server's.
        vhost: an empty virtual host there.
        pika: a folder with a pika that is used instead of the one installed.
        awaited: what is expected: on a busy machine it is waited for beyond the cast's end.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    if pika is not None:
        environment["PYTHONPATH"] = str(pika)
    actors: dict[str, Actor] = {}
    try:
        for name, part in cast.parts.items():
            actors[name] = Actor(part, port, vhost, environment)
        _perform(cast, actors)
        _await({name: len(lines) for name, lines in (awaited or {}).items()}, actors)
    finally:
        said = {name: actor.end() for name, actor in actors.items()}
    return said


def _perform(cast: Cast, actors: dict[str, Actor]) -> None:
    plan: list[tuple[float, Callable[[], object]]] = []
    began = time.monotonic()
    for name, actor in actors.items():
        part = actor.part
        plan.append((part.start, lambda actor=actor: actor.begin(began)))
        for number, at in ((signal.SIGKILL, part.killed), (signal.SIGINT, part.interrupted)):
            if at is not None:
                plan.append((at, lambda actor=actor, number=number: actor.signal(number)))
        assert part.start < cast.until, name
    plan.append((cast.until, lambda: None))
    began = time.monotonic()
    for at, act in sorted(plan, key=lambda each: each[0]):
        time.sleep(max(0.0, began + at - time.monotonic()))
        act()


def _await(lines: dict[str, int], actors: dict[str, Actor]) -> None:
    end = time.monotonic() + LATE_LINES
    while any(len(actors[name].lines) < count for name, count in lines.items()) and time.monotonic() < end:
        time.sleep(0.02)


def play_all(
    broker: RealBroker,
    names: Iterable[str] = CASTS,
    pika: Path | None = None,
    workers: int = 4,
    awaited: Mapping[str, Played] | None = None,
) -> dict[str, Played]:
    """Play casts against a real broker that was started, some side by side; see `play`."""
    chosen = list(names)
    hosts = {name: f"cast {number}" for number, name in enumerate(chosen)}
    broker.drop_vhosts(hosts.values())
    broker.add_vhosts(hosts.values())
    with ThreadPoolExecutor(workers) as pool:
        expected = awaited or {}
        found = pool.map(
            lambda name: play(CASTS[name], broker.port, hosts[name], pika, expected.get(name)), chosen
        )
        return dict(zip(chosen, found, strict=True))


def load() -> dict[str, Played]:
    """What was recorded."""
    casts: dict[str, Played] = json.loads(RECORDING.read_text(encoding="utf-8"))["casts"]
    return casts


def render(server: str, casts: dict[str, Played]) -> str:
    """A recording as text, with one line of a program on each."""
    out = ["{", f' "server": {json.dumps(server)},', ' "casts": {']
    for number, (cast, played) in enumerate(casts.items()):
        out.append(f"  {json.dumps(cast)}: {{")
        for place, (name, lines) in enumerate(played.items()):
            comma = "," if place < len(played) - 1 else ""
            body = ",\n".join(f"    {json.dumps(line)}" for line in lines)
            out.append(
                f"   {json.dumps(name)}: [\n{body}\n   ]{comma}"
                if lines
                else f"   {json.dumps(name)}: []{comma}"
            )
        out.append("  }," if number < len(casts) - 1 else "  }")
    return "\n".join([*out, " }", "}"]) + "\n"


def _main() -> int:
    parser = argparse.ArgumentParser(description="Whole programs on a real RabbitMQ.")
    parser.add_argument("action", choices=["record", "show"])
    parser.add_argument("--only", action="append", help="a cast's name; may be given again")
    parser.add_argument("--pika", type=Path, help="a folder with another pika")
    parser.add_argument("--workers", type=int, default=4, help="casts side by side; 1 gives the best times")
    given = parser.parse_args()
    with RealBroker("3.10") as broker:
        casts = play_all(broker, given.only or CASTS, given.pika, given.workers)
        text = render(f"RabbitMQ {broker.full_version}", casts)
    if given.action == "show":
        print(text, end="")
    else:
        RECORDING.parent.mkdir(exist_ok=True)
        RECORDING.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
