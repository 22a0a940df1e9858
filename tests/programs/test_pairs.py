"""Whole programs: what they print in virtual time is what they print on a real RabbitMQ, line by line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from tests.again import played_again
from tests.programs import live
from tests.programs.casts import CASTS, PAIRS
from tests.programs.comparing import TOLERANCE, differing
from tests.programs.live import RECORDING, Played, render
from tests.programs.virtual import play
from tests.server.box import Box

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory
    from tests.conformance.servers import RealBroker


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_prints_what_it_prints_on_rabbitmq(name: str, carry: CarrierFactory) -> None:
    found = list(differing(live.load()[name], play(PAIRS[name], carry=carry)))
    assert not found, "\n".join(found)


def test_the_recording_holds_every_cast_and_no_other() -> None:
    recorded = live.load()
    assert list(recorded) == list(CASTS)
    assert {name: list(played) for name, played in recorded.items()} == {
        name: list(cast.parts) for name, cast in CASTS.items()
    }
    assert RECORDING.read_text(encoding="utf-8") == render("RabbitMQ 3.10.8", recorded)


@pytest.fixture(scope="module")
def on_rabbitmq(real_rabbitmq: RealBroker) -> dict[str, Played]:
    """All casts, played now on the RabbitMQ of this machine."""
    recorded = live.load()

    def again(name: str, _: float) -> Played:
        return live.play_all(real_rabbitmq, [name], awaited=recorded)[name]

    return played_again(live.play_all(real_rabbitmq, awaited=recorded), _differs, again)


@pytest.mark.xdist_group("rabbitmq")
@pytest.mark.parametrize("name", CASTS)
def test_the_real_one_still_does_what_was_recorded(name: str, on_rabbitmq: dict[str, Played]) -> None:
    found = list(differing(live.load()[name], on_rabbitmq[name], may_be_late=True))
    assert not found, "\n".join(found)


def _differs(name: str, found: Played) -> bool:
    return any(differing(live.load()[name], found, may_be_late=True))


def _on_our_port(name: str) -> Played:
    with Box("3.10") as box:
        return live.play(CASTS[name], box.port, "/", awaited=live.load()[name])


@pytest.fixture(scope="module")
def on_our_port() -> dict[str, Played]:
    """All casts, real processes, each with a broker of ours on a port."""
    with ThreadPoolExecutor(5) as pool:
        found = dict(zip(CASTS, pool.map(_on_our_port, CASTS), strict=True))
    return played_again(found, _differs, lambda name, _: _on_our_port(name))


@pytest.mark.xdist_group("our port")
@pytest.mark.parametrize("name", CASTS)
def test_real_processes_print_it_with_our_broker_on_a_port(name: str, on_our_port: dict[str, Played]) -> None:
    found = list(differing(live.load()[name], on_our_port[name], may_be_late=True))
    assert not found, "\n".join(found)


LESSON = "the lesson: a worker dies, automatic acknowledgement"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines.pop(), "line 4: (1.5"),
        (lambda lines: lines.append((2.0, "stdout", "more")), "line 5: nothing != (2.0, 'stdout', 'more')"),
        (lambda lines: lines.reverse(), "line 1: "),
        (lambda lines: lines.__setitem__(1, (lines[1][0], "stderr", lines[1][2])), "line 2: "),
        (
            lambda lines: lines.__setitem__(1, (lines[1][0] + TOLERANCE + 0.2, *lines[1][1:])),
            "'received task 1'",
        ),
    ],
)
def test_a_difference_is_told(change: object, sentence: str) -> None:
    recorded = live.load()[LESSON]
    changed = deepcopy(recorded)
    assert list(differing(recorded, changed)) == []
    change(changed["worker-1"])  # type: ignore[operator]
    (told,) = differing(recorded, changed)
    assert told.startswith("worker-1")
    assert sentence in told


def test_a_line_may_be_late_on_a_busy_machine_but_never_early() -> None:
    recorded = live.load()[LESSON]
    late, early = deepcopy(recorded), deepcopy(recorded)
    late["worker-1"] = [(t + 30.0, *rest) for t, *rest in late["worker-1"]]  # type: ignore[misc]
    early["worker-1"] = [(t - TOLERANCE - 0.1, *rest) for t, *rest in early["worker-1"]]  # type: ignore[misc]
    assert list(differing(recorded, late, may_be_late=True)) == []
    assert len(list(differing(recorded, late))) >= 3
    assert len(list(differing(recorded, early, may_be_late=True))) >= 3


def test_a_worker_without_its_sleep_would_be_noticed() -> None:
    name = "the lesson: one worker takes all three tasks"
    slow = play(CASTS[name])
    quick = {who: [(min(t, 0.6), *rest) for t, *rest in lines] for who, lines in slow.items()}
    assert len(list(differing(slow, quick))) >= 4
