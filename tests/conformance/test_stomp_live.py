"""The real RabbitMQ 3.10 of this machine, with its STOMP plugin, still does what was recorded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.again import played_again
from tests.conformance.record import differing, load
from tests.conformance.record_stomp import NAME
from tests.conformance.servers import INSTALL_HINT, RealBroker, WrongVersionError
from tests.conformance.stomp.facts import FACTS
from tests.conformance.stomp.real import play_all
from tests.outside import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.play import Recording

pytestmark = [pytest.mark.xdist_group("rabbitmq-stomp"), pytest.mark.long]


@pytest.fixture(scope="module")
def played() -> Iterator[Recording]:
    """All conversations, played once."""
    if not RealBroker.available():
        missing(INSTALL_HINT)
    recorded = load(NAME)
    try:
        with RealBroker("3.10", stomp=True) as broker:
            yield played_again(
                play_all(broker),
                lambda name, seen: any(differing(recorded[name], seen)),
                lambda name, slower: play_all(broker, [name], slower=slower)[name],
            )
    except WrongVersionError as error:
        missing(f"{error}: Debian bookworm has 3.10")


@pytest.mark.parametrize("name", sorted(FACTS))
def test_the_real_one_does_what_was_recorded(name: str, played: Recording) -> None:
    assert list(differing(load(NAME)[name], played[name])) == [], FACTS[name].says
