"""A real cluster of 3.10 still does what was recorded, as far as one orderly stop shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.again import played_again
from tests.conformance.cluster import RealCluster
from tests.conformance.cluster_play import play_cluster
from tests.conformance.record import differing
from tests.conformance.record_cluster import load_cluster
from tests.conformance.servers import INSTALL_HINT, RealBroker, WrongVersionError
from tests.outside import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.play import Recording

pytestmark = pytest.mark.xdist_group("rabbitmq")

PLAYED = (
    "ask_for_a_queue_whose_node_was_stopped",
    "connections_of_a_node_that_was_stopped",
    "consumers_of_a_queue_whose_node_was_stopped",
    "publish_to_a_queue_whose_node_was_stopped",
    "quorum_consumer_elsewhere_when_the_leader_was_stopped",
    "quorum_publish_when_the_leader_was_stopped",
)
"""What one stop and one start show; all facts take some four minutes, see README.md."""


@pytest.fixture(scope="module")
def played() -> Iterator[Recording]:
    if not RealBroker.available():
        missing(INSTALL_HINT)
    try:
        with RealCluster("3.10") as cluster:
            recorded = load_cluster("3.10")
            yield played_again(
                play_cluster(cluster, PLAYED),
                lambda name, seen: any(differing(recorded[name], seen)),
                lambda name, _: play_cluster(cluster, [name])[name],
            )
    except WrongVersionError as error:
        missing(f"{error}: Debian bookworm has 3.10")


@pytest.mark.parametrize("name", PLAYED)
def test_the_real_cluster_does_what_was_recorded(name: str, played: Recording) -> None:
    assert list(differing(load_cluster("3.10")[name], played[name])) == []
