"""The fuzzer finds what is wrong with a broker and makes it small; with a real one it finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mqsim.broker import Channel
from mqsim.broker.queues.classic import ClassicQueue
from mqsim.broker.queues.queue_order import FirstInFirstOut
from tests.conformance import fuzz
from tests.conformance.conversation import Player
from tests.conformance.direct import DirectWorld
from tests.conformance.minimise import fewest
from tests.conformance.play import server
from tests.conformance.servers import INSTALL_HINT, RealBroker, WrongVersionError
from tests.outside import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conversation import Step

SHORT_RUN = range(40_050, 40_150)
"""The seeds of the run in CI: a hundred in a row that agreed when they were chosen."""

EVERY_KIND = {
    *("declare", "delete", "purge", "bind", "unbind", "bind_exchange", "exchange", "delete_exchange"),
    *("publish", "confirm", "tx_select", "commit", "rollback", "get", "consume", "qos", "cancel", "drain"),
    *("ack", "nack", "reject", "recover", "close", "close_connection", "drop", "restart"),
}
"""What clients do."""


def test_the_same_seed_gives_the_same_conversation_and_another_one_another() -> None:
    assert fuzz.conversation(7) == fuzz.conversation(7)
    assert fuzz.conversation(7) != fuzz.conversation(8)
    assert any(step["do"] == "restart" for step in fuzz.conversation(fuzz.RESTARTS))


def test_conversations_do_what_clients_do() -> None:
    """A draw that mostly fails would compare errors: so much must come of 300 conversations."""
    came: dict[str, int] = {}
    done: set[str] = set()
    for seed in range(1, 301):
        steps = fuzz.conversation(seed)
        done |= {step["do"] for step in steps}
        for seen in fuzz.ours(steps):
            for each in [each for at, each in seen.items() if at not in ("answer", "queues")]:
                for kind, news in each.items():
                    came[kind] = came.get(kind, 0) + len(news)
    assert done >= EVERY_KIND
    assert came["delivered"] > 900
    assert came["confirms"] > 600
    assert came["returned"] > 60
    assert came["cancelled"] > 0
    assert came["closed"] < came["delivered"]


def _requeue_to_the_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FirstInFirstOut, "give_back", FirstInFirstOut.push)


def _forget_the_prefetch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Channel, "qos", lambda *_, **__: None)


def _never_say_redelivered(patch: pytest.MonkeyPatch) -> None:
    take_back = ClassicQueue.take_back

    def silent(queue: ClassicQueue, messages: Any, how: Any) -> None:
        messages = list(messages)
        take_back(queue, messages, how)
        for message in messages:
            message.redelivered = False

    patch.setattr(ClassicQueue, "take_back", silent)


def _lose_what_is_durable(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ClassicQueue, "keeps", lambda *_: False)


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "requeue to the end": _requeue_to_the_end,
    "no prefetch": _forget_the_prefetch,
    "never redelivered": _never_say_redelivered,
    "nothing survives a restart": _lose_what_is_durable,
}


def _differs(steps: list[Step], plant: Callable[[pytest.MonkeyPatch], None]) -> bool:
    right = fuzz.ours(steps)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return fuzz.first_difference(fuzz.ours(steps), right) is not None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_made_small(fault: str) -> None:
    """Our broker with a fault is held to our broker without one, in place of a real one."""
    plant = FAULTS[fault]
    seeds = range(fuzz.RESTARTS, 40 * fuzz.RESTARTS, fuzz.RESTARTS if "restart" in fault else 1)
    found = next(seed for seed in seeds if _differs(fuzz.conversation(seed), plant))
    small = fewest(fuzz.conversation(found), lambda steps: _differs(steps, plant))
    assert _differs(small, plant)
    assert len(small) <= 6
    assert not any(_differs([*small[:index], *small[index + 1 :]], plant) for index in range(len(small)))


def test_minimising_leaves_only_what_a_difference_needs() -> None:
    steps = [{"do": "publish", "at": "b1", "body": str(n), "priority": 3, "key": "q"} for n in range(20)]

    def differ(fewer: list[Step]) -> bool:
        bodies = [step["body"] for step in fewer if "key" in step]
        return {"3", "17"} <= set(bodies)

    assert fewest(steps, differ) == [
        {"do": "publish", "at": "b1", "body": "3", "key": "q"},
        {"do": "publish", "at": "b1", "body": "17", "key": "q"},
    ]


def test_what_is_left_open_is_no_difference() -> None:
    """Two queues that feed one channel: which came first is not compared; what came is."""
    steps: list[Step] = [
        {"do": "declare", "at": "a1", "queue": "~q1"},
        {"do": "declare", "at": "a1", "queue": "~q2"},
        {"do": "consume", "at": "b1", "queue": "~q1", "tag": "t1"},
        {"do": "consume", "at": "b1", "queue": "~q2", "tag": "t2"},
    ]
    both = [{"do": "publish", "at": "a1", "body": "m", "key": key} for key in ("~q1", "~q2")]
    seen = []
    for publishes in (both, both[::-1]):
        world = DirectWorld("3.10")
        world.settle = 0.0
        player = Player(world)
        assert not list(player.play(steps))
        cc = {"headers": {"CC": [publishes[1]["key"]]}}
        assert not list(player.play([{**publishes[0], **cc}]))
        seen.append(player.seen[-1]["b1"])
    assert [each["consumer"] for each in seen[0]["delivered"]] == ["t1", "t2"]
    assert seen[0]["tags"] == seen[1]["tags"] == [1, 2]


@pytest.mark.xdist_group("rabbitmq")
def test_a_real_broker_and_ours_show_the_same() -> None:
    if not RealBroker.available():
        missing(INSTALL_HINT)
    try:
        with server("3.10") as broker:
            found = {seed for seed, at in fuzz.differing(fuzz.Real(broker), SHORT_RUN) if at is not None}
    except WrongVersionError as error:
        missing(f"{error}: Debian bookworm has 3.10")
    assert not found, f"python -m tests.conformance.fuzz 1 --seed {min(found)} shows the difference"
