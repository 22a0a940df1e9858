"""Breaks the broker's rules one by one, and sees whether a test turns red.

    python -m tests.broker.mutations            all of them; some two minutes
    python -m tests.broker.mutations NAME …     these

Each mutation is made in a copy of the tree. The script ends with 1 when a broken rule stays unnoticed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ("tests/broker", "tests/conformance/test_replay.py", "tests/conformance/test_cluster_replay.py")


@dataclass(frozen=True)
class Mutation:
    """In `module` of the broker, `before` (which stands there once) becomes `after`."""

    module: str
    before: str
    after: str


MUTATIONS = {
    "round robin goes back to the first": Mutation(
        "queues/dispatch",
        "rotation.append(consumer)\n                    return consumer\n"
        "                consumer.parked = True\n            return None",
        "rotation.appendleft(consumer)\n                    return consumer\n"
        "                consumer.parked = True\n            return None",
    ),
    "who wakes up is served first": Mutation(
        "queues/dispatch",
        "self.rotations[consumer.priority].append(consumer)\n\n    def next",
        "self.rotations[consumer.priority].appendleft(consumer)\n\n    def next",
    ),
    "prefetch off by one": Mutation(
        "queues/dispatch",
        "                if consumer.unacked < consumer.limit:",
        "                if consumer.unacked <= consumer.limit:",
    ),
    "a quorum queue's prefetch off by one": Mutation("queues/dispatch", "if room > 1:", "if room > 0:"),
    "low consumer priority first": Mutation("queues/dispatch", "reverse=True", "reverse=False"),
    "the latest becomes the single active consumer": Mutation(
        "queues/dispatch",
        "if self.active is None:\n            self.active = consumer",
        "if True:\n            self.active = consumer",
    ),
    "a newcomer takes over at once": Mutation(
        "queues/dispatch", "            if active.unacked:\n", "            if False:\n"
    ),
    "requeue to the tail": Mutation(
        "queues/queue_order", "heappush(self.returned, message)", "self.fifo.append(message)"
    ),
    "low message priority first": Mutation(
        "queues/queue_order", "ready = self.levels[-self.used[0]]", "ready = self.levels[-self.used[-1]]"
    ),
    "one high message to one low one": Mutation("queues/queue_order", "self.in_turn < 2", "self.in_turn < 1"),
    "returned messages of a quorum queue go last": Mutation(
        "queues/queue_order",
        "        self.returned.append(message)\n",
        "        self.others.push(message)\n",
    ),
    "expiry counted from the delivery": Mutation(
        "queues/classic",
        "            message.redelivered = True\n",
        "            message.redelivered = True\n            self._expiry.date(message)\n",
    ),
    "the longer expiry holds": Mutation(
        "queues/expiry", "min(t for t in (ttl, own)", "max(t for t in (ttl, own)"
    ),
    "expired messages are delivered": Mutation("queues/expiry", "head.expires < self._context.now", "False"),
    "a requeue is not marked": Mutation("queues/classic", "            message.redelivered = True\n", ""),
    "drop-tail for drop-head": Mutation(
        "queues/classic",
        "self.host.dead_lettering.discard(self._pop(), self, Reason.MAXLEN)",
        "last = self.ready.fifo.pop() if self.ready.fifo else self.ready.pop()\n"
        "                self.waiting -= 1\n"
        "                self.waiting_bytes -= last.envelope.size\n"
        "                self.host.dead_lettering.discard(last, self, Reason.MAXLEN)",
    ),
    "length off by one": Mutation("queues/length_limit", "ready > self._most", "ready >= self._most"),
    "unacknowledged messages count for the length": Mutation(
        "queues/classic", "is_passed_by(self.waiting, ", "is_passed_by(self.waiting + self.unacked, "
    ),
    "reject-publish takes the message": Mutation(
        "queues/classic",
        "            self.observer.refused(message, self)\n            return False",
        "            self.observer.refused(message, self)",
    ),
    "reject-publish dead-letters": Mutation(
        "queues/length_limit", 'arguments.overflow == "reject-publish-dlx" and ', ""
    ),
    "an auto-delete queue stays": Mutation(
        "queues/classic", "if self.auto_delete and not", "if False and not"
    ),
    "confirm before disk": Mutation(
        "durability",
        "        if confirm is not None:\n            confirm.expect()\n        if queue.accept",
        "        if queue.accept",
    ),
    "confirm before a majority": Mutation(
        "replication",
        "            confirm.expect()\n        if queue.state is Leadership.LED",
        "            confirm.safe()\n        if queue.state is Leadership.LED",
    ),
    "a refusal is confirmed": Mutation("confirms", "        self._tell(False)", "        self._tell(True)"),
    "a circle of dead letters goes on": Mutation(
        "dead_lettering", "if reason is Reason.REJECTED or not", "if True or not"
    ),
    "a dead letter keeps its expiration": Mutation(
        "message",
        "            persistent=self.persistent,\n            headers=headers",
        "            persistent=self.persistent,\n"
        "            expiration=self.expiration,\n"
        "            headers=headers",
    ),
    "x-death counts from zero": Mutation("dead_lettering", '"count": Long(1),', '"count": Long(0),'),
    "the delivery limit off by one": Mutation(
        "queues/quorum", "failures_of(message) > limit", "failures_of(message) >= limit"
    ),
    "half is a majority": Mutation("queues/quorum", "2 * up > len", "2 * up >= len"),
    "a queue without a leader goes on": Mutation(
        "queues/quorum",
        "        if self.state is Leadership.LED:\n            super().dispatch()",
        "        super().dispatch()",
    ),
    "multiple leaves the last one": Mutation(
        "acknowledgements", "if each <= tag or not tag", "if each < tag or not tag"
    ),
    "an unknown tag is passed over": Mutation(
        "acknowledgements", "            raise replies.unknown_tag(tag)", "            return {}"
    ),
    "an ack in a transaction counts at once": Mutation(
        "channel",
        "if self.mode is ChannelMode.TRANSACTIONAL:\n            self.unacknowledged",
        "if False:\n            self.unacknowledged",
    ),
    "auto-ack waits for an ack": Mutation(
        "consumer",
        "        if self.no_ack:\n            self.deliver",
        "        if False:\n            self.deliver",
    ),
    "transient messages survive": Mutation(
        "queues/classic", "return self.durable and message.envelope.persistent", "return self.durable"
    ),
    "a kill forgets what was not erased": Mutation(
        "durability",
        "            if killed:\n                message.redelivered = True",
        "            if False:\n                message.redelivered = True",
    ),
    "a kill keeps what was not written": Mutation("durability", "not (killed and message.write)", "True"),
    "a hash is one word at least": Mutation("exchanges", "fits = [i >= first for", "fits = [i > first for"),
    "a queue gets a copy a binding": Mutation(
        "exchanges", "    return tuple(found)", "    return tuple(found) * 2"
    ),
    "a queue whose node is down takes messages": Mutation(
        "queues/classic",
        "        self.observer.left(message, self, Reason.LOST)\n        return False",
        "        self.admit(message)\n        return True",
    ),
    "routing passes by a queue that is down": Mutation(
        "queues/availability", "return self.context.profile.finds_queues_that_are_down", "return False"
    ),
    "what was sent into a silence is confirmed": Mutation(
        "queues/availability",
        "            if confirm is not None:\n                confirm.refused()",
        "            if confirm is not None:\n                confirm.safe()",
    ),
    "an acknowledgement into a silence counts": Mutation(
        "queues/classic", "        return silent.unheard\n", "        return []\n"
    ),
    "an acknowledgement after the node's end counts": Mutation(
        "cluster",
        "            for message in channel.unacknowledged.disown(queue, stand_in)\n",
        "            for message in channel.unacknowledged.disown(queue, stand_in)[:0]\n",
    ),
    "consumers of a queue whose node is down are not told": Mutation(
        "cluster",
        "            consumer.dismiss()\n        self._stop_queue",
        "            queue.forget_consumer(consumer)\n        self._stop_queue",
    ),
    "what a lost client held comes back at once": Mutation(
        "disconnected_clients",
        "kept = [message for message in held if seconds and message.queue.replicated]",
        "return held",
    ),
    "a node that is back gives nothing back": Mutation(
        "cluster", "        self.disconnected.let_go(node)\n", ""
    ),
    "half of the nodes is a majority": Mutation(
        "context", "self.nodes.values()) > len(self.nodes)", "self.nodes.values()) >= len(self.nodes) - 1"
    ),
    "a silent leader is missed at once": Mutation(
        "queues/quorum",
        "            self._step(LeadershipInput.FALL_SILENT)\n            return False",
        "            return self.member_down(node)",
    ),
    "a get waits for no leader": Mutation(
        "queues/quorum",
        "            if self.state is not Leadership.LED:\n                raise",
        "            if False:\n                raise",
    ),
    "a queue without a leader tells its length": Mutation(
        "queues/quorum", "return self.waiting if self.state is Leadership.LED else 0", "return self.waiting"
    ),
    "no answer is a 404": Mutation(
        "queues/availability",
        "raise replies.waits_for_home(queue.name, queue.node)",
        "raise replies.stopped_with_its_node(queue.name)",
    ),
    "a direct exchange is a fanout": Mutation(
        "exchanges", "found = self._by_key.get(key, {})", "found = self.bindings"
    ),
}


def copy_tree(target: Path) -> None:
    """What the tests need, in a place of its own."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("mqsim", "tests", "docs"):
        shutil.copytree(ROOT / name, target / name, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", target)


def is_noticed(mutation: Mutation, place: Path) -> bool:
    """Make a mutation in the copy at `place`, run the tests, take it back; tell whether one was red.

    Raises:
        ValueError: what it would change does not stand there once.
    """
    path = place / "mqsim" / "broker" / f"{mutation.module}.py"
    whole = path.read_text(encoding="utf-8")
    if whole.count(mutation.before) != 1:
        raise ValueError(
            f"{mutation.module}: stands there {whole.count(mutation.before)} times: {mutation.before!r}"
        )
    path.write_text(whole.replace(mutation.before, mutation.after), encoding="utf-8")
    try:
        return is_red(place)
    finally:
        path.write_text(whole, encoding="utf-8")


def is_red(place: Path) -> bool:
    """Whether a test fails in the copy at `place`."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout=60"]
    command += ["-k", "not mutation", *TESTS]
    environment = {**os.environ, "PYTHONPATH": str(place), "CI": ""}
    run = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        raise ValueError(f"the tests did not run: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.returncode == 1


def unnoticed(names: list[str]) -> list[str]:
    """The mutations that no test notices."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        copy_tree(place)
        if is_red(place):
            raise ValueError("a test is red before anything is broken")
        for name in names:
            noticed = is_noticed(MUTATIONS[name], place)
            print(f"{'red' if noticed else 'NOT NOTICED':12} {name}", flush=True)
            if not noticed:
                found.append(name)
    return found


def main() -> int:
    """Run the mutations that are named, or all."""
    names = sys.argv[1:] or list(MUTATIONS)
    unknown = [name for name in names if name not in MUTATIONS]
    if unknown:
        print(f"no such mutation: {', '.join(unknown)}; there are: {', '.join(MUTATIONS)}", file=sys.stderr)
        return 2
    missed = unnoticed(names)
    print(f"{len(names) - len(missed)} of {len(names)} turned a test red")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
