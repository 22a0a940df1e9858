"""The broker is held to what clusters of three nodes of RabbitMQ 3.10, 4.0 and 4.3 showed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.conformance.cluster_direct import play_direct
from tests.conformance.cluster_facts import CLUSTER_FACTS
from tests.conformance.record import RECORDINGS, differing, render
from tests.conformance.record_cluster import load_cluster, path_of
from tests.conformance.servers import SUITES

if TYPE_CHECKING:
    from tests.conformance.script import Seen

VERSIONS = sorted(SUITES)

_SLOWER = "a real broker thinks for up to half a minute before it gives up; ours says so at once"
_PAUSES = (
    "after the others have given a silent node up, ours counts it as paused and ends its connections, as "
    "pause_minority does; by default (ignore) it goes on when it is back"
)
NOT_HELD_TO = {
    ("*", "that took"): _SLOWER,
    ("client_of_a_node_that_falls_silent", "in the silence"): _PAUSES,
    ("client_of_a_node_that_falls_silent", "when it is back"): _PAUSES,
    ("quorum_consumer_at_a_leader_that_falls_silent", "as"): _PAUSES,
    ("quorum_consumer_at_a_leader_that_falls_silent", "after the first one's ack"): _PAUSES,
    ("quorum_consumer_at_a_leader_that_falls_silent", "the second one's channel"): _PAUSES,
}
"""Observations (of a fact, or of all) in which our broker differs, each with the reason."""


def held_to(name: str, seen: Seen) -> Seen:
    return [each for each in seen if not {(name, each[0]), ("*", each[0])} & NOT_HELD_TO.keys()]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CLUSTER_FACTS)
def test_the_broker_shows_what_the_real_cluster_showed(name: str, version: str) -> None:
    seen = json.loads(json.dumps(play_direct(CLUSTER_FACTS[name], version)))
    assert list(differing(held_to(name, load_cluster(version)[name]), held_to(name, seen))) == []


def test_few_observations_are_left_out() -> None:
    for version in VERSIONS:
        facts = load_cluster(version)
        assert all(name == "*" or what in dict(facts[name]) for name, what in NOT_HELD_TO)
        whole = sum(map(len, facts.values()))
        held = sum(len(held_to(name, seen)) for name, seen in facts.items())
        assert held > 0.9 * whole > 180


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_holds_every_fact_and_nothing_that_changes_from_run_to_run(version: str) -> None:
    text = path_of(version).read_text()
    facts = load_cluster(version)
    assert facts.keys() == CLUSTER_FACTS.keys()
    assert len(facts) >= 20
    assert re.findall(r"amq\.gen-[^(]|localhost|it failed|/tmp", text) == []
    assert [name for name in facts if f"'{name}'" in text] == []
    assert render(json.loads(text)["server"], facts) == text
    assert path_of(version).parent == RECORDINGS


def test_every_fact_says_what_it_shows_and_what_befalls_whom() -> None:
    for fact in CLUSTER_FACTS.values():
        assert fact.says.endswith(".")
        assert all(re.fullmatch(r"(stop|kill|start|suspend|resume) [123]", what) for what in fact.plan)


def test_the_versions_differ_where_the_profiles_say_so() -> None:
    old, newer, newest = (load_cluster(version) for version in VERSIONS)
    name = "publish_to_a_queue_whose_node_was_killed"
    answers = [dict(each[name])["a mandatory one"] for each in (old, newer, newest)]
    assert answers == [["return mandatory", "ack 2"], ["nack 2"], ["nack 2"]]
    name = "quorum_deliveries_of_a_client_whose_node_was_killed"
    seconds = [dict(each[name])["they come to another, after seconds"] for each in (old, newer, newest)]
    assert seconds == [0, 0, 60]
