"""RabbitMQ's tutorials, as their readers write them: in virtual time as on a real broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.programs.casts import TUTORIALS
from tests.programs.comparing import differing
from tests.programs.live import load
from tests.programs.virtual import play

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_prints_what_it_prints_on_rabbitmq(name: str, carry: CarrierFactory) -> None:
    found = list(differing(load()[name], play(TUTORIALS[name], carry=carry)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("version", ["4.0", "4.3"])
@pytest.mark.parametrize("name", TUTORIALS)
def test_later_releases_play_the_tutorials_alike(name: str, version: str) -> None:
    assert play(TUTORIALS[name], version) == play(TUTORIALS[name])


def test_what_the_readers_are_told_to_expect() -> None:
    """The recording itself, where the tutorials' text says what is to be seen."""
    recorded = {name: load()[name] for name in TUTORIALS}

    def printed(cast: str, program: str) -> list[str]:
        return [text for _, stream, text in recorded[cast][program] if stream == "stdout"]

    assert printed("hello", "receive")[1] == " [x] Received b'Good morning!'"
    assert [text for text in printed("work queues", "worker-1") if "Received" in text] == [
        " [x] Received First.",
        " [x] Received Third..",
    ]
    assert printed("publish/subscribe", "screen")[1:] == [" [x] b'info: all is well'", " [x] b'for one'"]
    assert printed("rpc", "client")[1] == " [.] Got 89"
    assert [text.split()[-1] for text in printed("confirms", "publisher")] == [
        *["confirmed"] * 3,
        *["nacked"] * 2,
        "NO_ROUTE",
    ]
