"""Random conversations on a real RabbitMQ and on ours, compared; the first difference is made small and kept.

python -m tests.conformance.fuzz 10000              a real 3.10 of this machine against our broker
python -m tests.conformance.fuzz 500 --seed 7       conversations 7, 8, ... 506
python -m tests.conformance.fuzz 500 --port         ours over TCP as well, with pika
python -m tests.conformance.fuzz 500 --go-on        list all differences instead of stopping at the first

Each conversation has names of its own on one real server, and several are played at once. One in fifty has
a restart: those of a round are played up to it, then the server is restarted once for all of them.
Ctrl-C ends it and tells how far it came. The exit status is 1 where a difference was found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.conformance.conversation import Player
from tests.conformance.direct import DirectWorld
from tests.conformance.minimise import fewest
from tests.conformance.pika_world import PikaWorld
from tests.conformance.play import server
from tests.conformance.random_conversations import Conversation
from tests.conformance.servers import SUITES, RealBroker, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.conversation import Step
    from tests.conformance.script import Seen

    Play = Callable[[list[Step]], list[Seen]]

CONVERSATIONS: Final = Path(__file__).parent / "conversations"
ROUND: Final = 500
"""Conversations between two restarts of the real server."""

AT_ONCE: Final = 6
RESTARTS: Final = 50
"""One conversation in so many has a restart."""

SLOWER: Final = (1.0, 3.0)
"""How much more patient each further try is, before a difference counts."""

_numbers = itertools.count(1)


def ours(steps: list[Step], version: str = "3.10") -> list[Seen]:
    """What our broker shows, in virtual time."""
    world = DirectWorld(version)
    world.settle = 0.0
    player = Player(world)
    for how in player.play(steps):
        world.interrupt(how)
    return player.seen


class Real:
    """A real server on which conversations are played."""

    def __init__(self, broker: RealBroker) -> None:
        self.broker = broker

    def play(self, steps: list[Step], expected: list[Seen], patience: float = 1.5) -> list[Seen]:
        """What it shows, up to the first step that shows something else than expected."""
        begun = self.begin(steps, expected, patience)
        if begun.waits:
            self.broker.restart()
        return begun.finish()

    def begin(self, steps: list[Step], expected: list[Seen], patience: float = 1.5) -> _Begun:
        """Play up to a restart or to the end."""
        return _Begun(self.broker.port, steps, expected, patience)


class _Begun:
    """A conversation on a real server: played up to a restart, if it has one."""

    def __init__(self, port: int, steps: list[Step], expected: list[Seen], patience: float) -> None:
        self._world = PikaWorld(port)
        self._world.settle = 0.0
        self._player = Player(self._world, f"c{next(_numbers)}", patience)
        self._play = self._player.play(steps, expected)
        self.waits = next(self._play, None) is not None

    def finish(self) -> list[Seen]:
        """Play the rest, and clean up."""
        with closing(self._play):
            if next(self._play, None) is not None:
                raise ValueError("a conversation has one restart at most")
        self._player.end()
        self._world.end()
        return self._player.seen


def first_difference(one: list[Seen], other: list[Seen]) -> int | None:
    """The number of the first step at which they differ (from 0)."""
    for index, (mine, yours) in enumerate(itertools.zip_longest(one, other)):
        if mine != yours:
            return index
    return None


def difference(
    real: Real, steps: list[Step], play: Play = ours, *, tries: tuple[float, ...] = SLOWER
) -> int | None:
    """The step at which they differ in every try; more patient each time."""
    expected = play(steps)
    found = None
    for slower in tries:
        found = first_difference(real.play(steps, expected, 1.5 * slower), expected)
        if found is None:
            return None
    return found


def differing(real: Real, seeds: range, play: Play = ours) -> Iterator[tuple[int, int | None]]:
    """Play the conversations of these seeds; for each its seed and the step that differs, or None."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(seeds.start, seeds.stop, ROUND):
            part = range(start, min(start + ROUND, seeds.stop))
            yield from _round(real, part, play, pool)


def conversation(seed: int) -> list[Step]:
    """The conversation of that seed."""
    return Conversation(seed, restarts=seed % RESTARTS == 0).steps


def _round(
    real: Real, seeds: range, play: Play, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, int | None]]:
    def begin(seed: int) -> tuple[int, list[Seen], _Begun | list[Seen]]:
        steps = conversation(seed)
        expected = play(steps)
        begun = real.begin(steps, expected)
        return seed, expected, begun if begun.waits else begun.finish()

    waiting: list[tuple[int, list[Seen], _Begun]] = []
    for seed, expected, found in pool.map(begin, seeds):
        if isinstance(found, list):
            yield seed, _sure(real, seed, first_difference(found, expected), play)
        else:
            waiting.append((seed, expected, found))
    if waiting:
        real.broker.restart()
        seen = [(seed, expected, begun.finish()) for seed, expected, begun in waiting]
        for seed, expected, found in seen:
            yield seed, _sure(real, seed, first_difference(found, expected), play)


def _sure(real: Real, seed: int, found: int | None, play: Play) -> int | None:
    """A difference that was seen once: whether it comes again."""
    return None if found is None else difference(real, conversation(seed), play)


def minimised(real: Real, steps: list[Step], play: Play = ours) -> list[Step]:
    """The fewest steps that still differ."""
    at = difference(real, steps, play, tries=(1.0,))
    steps = steps if at is None else steps[: at + 1]
    return fewest(steps, lambda fewer: difference(real, fewer, play, tries=(0.5,)) is not None)


def recorded(broker: RealBroker, steps: list[Step]) -> Seen:
    """A conversation with what the real server showed, as it is kept."""
    real = Real(broker)
    expected: list[Seen] = []
    while len(expected) < len(steps):
        # Nothing is known of the next step, so it is looked at for a while, and then taken as it is.
        found = real.play(steps[: len(expected) + 1], [*expected, "?"], 1.0)
        expected = found
    return {"server": f"RabbitMQ {broker.full_version}", "steps": steps, "seen": expected}


def written(fact: Seen) -> str:
    """A recorded conversation as text, a step and what it showed a line each."""
    pairs = zip(fact["steps"], fact["seen"], strict=True)
    lines = ",\n".join(
        f"  {json.dumps(step)},\n   {json.dumps(seen, sort_keys=True)}" for step, seen in pairs
    )
    return (
        f'{{\n "server": {json.dumps(fact["server"])},\n "steps and what they showed": [\n{lines}\n ]\n}}\n'
    )


def read(path: Path) -> tuple[list[Step], list[Seen]]:
    """The steps of a recorded conversation, and what the real server showed."""
    both = json.loads(path.read_text())["steps and what they showed"]
    return both[::2], both[1::2]


def server_of(path: Path) -> str:
    """The version of the server that a kept conversation was recorded on."""
    return str(json.loads(path.read_text())["server"]).removeprefix("RabbitMQ ")


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("conversations", type=int, metavar="N", help="how many conversations")
    parser.add_argument("--seed", type=int, default=0, help="the first conversation's seed (0)")
    parser.add_argument("--port", action="store_true", help="ours over TCP rather than in virtual time")
    parser.add_argument("--version", choices=sorted(SUITES), default="3.10", help="which RabbitMQ (3.10)")
    parser.add_argument("--chroot", type=Path, help="a Debian tree that holds that version")
    parser.add_argument("--go-on", action="store_true", help="list differing seeds; minimise and keep none")
    given = parser.parse_args()
    if given.conversations < 1:
        parser.error("N must be 1 or more")
    try:
        with ExitStack() as stack:
            broker = stack.enter_context(server(given.version, given.chroot))
            play = over_tcp(stack, given.version) if given.port else lambda steps: ours(steps, given.version)
            return _run(Real(broker), range(given.seed, given.seed + given.conversations), play, given.go_on)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 2


def over_tcp(stack: ExitStack, version: str) -> Play:
    """Our server on a port of this process, for as long as the stack lasts."""
    from tests.server.box import Box

    def play(steps: list[Step]) -> list[Seen]:
        if any(step["do"] == "restart" for step in steps):
            return ours(steps, version)
        world = PikaWorld(box.port)
        world.settle = 0.0
        player = Player(world, f"c{next(_numbers)}")
        for _ in player.play(steps):
            pass
        player.end()
        world.end()
        return player.seen

    box = stack.enter_context(Box(version))
    return play


def _run(real: Real, seeds: range, play: Play, go_on: bool) -> int:
    began = time.monotonic()
    done = 0
    differ: list[int] = []
    try:
        for seed, found in differing(real, seeds, play):
            done += 1
            if found is not None:
                differ.append(seed)
                print(f"\rseed {seed} differs at step {found + 1}: {json.dumps(conversation(seed)[found])}")
                if not go_on:
                    _show(real, conversation(seed), seed, play)
                    break
            if done % 20 == 0:
                print(f"\r{done} of {len(seeds)} conversations", end="", flush=True)
    except KeyboardInterrupt:
        pass
    taken = time.monotonic() - began
    print(
        f"\r{done} conversations in {taken:.0f} s, RabbitMQ {real.broker.full_version}: {len(differ)} differ"
    )
    return 1 if differ else 0


def _show(real: Real, steps: list[Step], seed: int, play: Play) -> None:
    """Make a conversation small, show where the two differ, and keep it as a fact."""
    steps = minimised(real, steps, play)
    fact = recorded(real.broker, steps)
    mine = play(steps)
    for step, theirs, our in zip(steps, fact["seen"], mine, strict=True):
        print(json.dumps(step))
        if theirs == our:
            print("    both:    ", json.dumps(our))
        else:
            print("    RabbitMQ:", json.dumps(theirs))
            print("    ours:    ", json.dumps(our))
    CONVERSATIONS.mkdir(exist_ok=True)
    path = CONVERSATIONS / f"seed_{seed}.json"
    path.write_text(written(fact))
    print(f"kept as {path}: give it a name that says what it shows")


if __name__ == "__main__":
    sys.exit(_main())
