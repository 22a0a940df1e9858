"""The real RabbitMQ 3.10 of this machine still does what was recorded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.again import played_again
from tests.conformance.facts import FACTS
from tests.conformance.play import Recording, play_all, server
from tests.conformance.record import differing, load
from tests.conformance.servers import INSTALL_HINT, RealBroker, WrongVersionError
from tests.outside import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("rabbitmq")


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return load("3.10")


@pytest.fixture(scope="module")
def played(recorded: Recording) -> Iterator[Recording]:
    """All facts, played once against a server of their own: some of them stop it."""
    if not RealBroker.available():
        missing(INSTALL_HINT)
    try:
        with server("3.10") as broker:
            yield played_again(
                play_all(broker),
                lambda name, seen: any(differing(recorded[name], seen)),
                lambda name, slower: play_all(broker, [name], slower=slower)[name],
            )
    except WrongVersionError as error:
        missing(f"{error}: Debian bookworm has 3.10")


@pytest.mark.parametrize("name", sorted(FACTS))
def test_the_real_one_does_what_was_recorded(name: str, played: Recording, recorded: Recording) -> None:
    found = list(differing(recorded[name], played[name]))
    assert not found, f"{FACTS[name].says}\n" + "\n".join(found)
