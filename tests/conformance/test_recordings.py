"""The recordings are whole, and were made by the facts that are here now."""

from __future__ import annotations

import json
import re

import pytest

from tests.conformance.facts import FACTS
from tests.conformance.record import RECORDINGS, differing, load, render
from tests.conformance.script import normalised
from tests.conformance.servers import SUITES

VERSIONS = sorted(SUITES)


def test_there_are_more_than_enough_facts_and_each_says_what_it_shows() -> None:
    assert len(FACTS) >= 80
    assert [name for name, fact in FACTS.items() if not fact.says.endswith(".")] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_holds_every_fact_and_no_other(version: str) -> None:
    seen = load(version)
    assert seen.keys() == FACTS.keys()
    for name, observations in seen.items():
        assert observations, name
        assert all(isinstance(each[0], str) and len(each) == 2 for each in observations), name


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_names_nothing_that_changes_from_run_to_run(version: str) -> None:
    text = (RECORDINGS / f"{version}.json").read_text()
    assert re.findall(r"amq\.gen-[^(]|reply-to\.[^(]|it failed|no answer|no confirm\"\]", text) == []
    assert [name for name in FACTS if f"vhost '{name}'" in text] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_is_written_as_record_writes_it(version: str) -> None:
    text = (RECORDINGS / f"{version}.json").read_text()
    assert render(json.loads(text)["server"], load(version)) == text


def test_versions_differ_where_semantics_says_so() -> None:
    """RabbitMQ's own replies: exchange.declare of an unknown type; the default delivery limit of 20."""
    old, newer, newest = (load(version) for version in VERSIONS)
    unknown = [dict(each["exchange_of_an_unknown_type"])["declare"] for each in (old, newer, newest)]
    assert [(each["closes"], each["code"]) for each in unknown] == [
        ("connection", 503),
        ("channel", 406),
        ("channel", 406),
    ]
    limits = [each["quorum_default_delivery_limit"][0][1] for each in (old, newer, newest)]
    assert limits == [25, 21, 21]


def test_normalising_keeps_names_apart_and_takes_the_virtual_host_out() -> None:
    one, two = "amq.gen-" + "a" * 22, "amq.gen-" + "b" * 22
    seen = [["x", {"queue": one, "text": f"no queue '{two}' in vhost 'mine'", "again": [one]}]]
    assert normalised(seen, "mine") == [
        [
            "x",
            {"queue": "amq.gen-(1)", "text": "no queue 'amq.gen-(2)' in vhost '/'", "again": ["amq.gen-(1)"]},
        ]
    ]


def test_differing_names_what_is_missing_and_what_is_new() -> None:
    assert list(differing([["a", 1], ["b", 2]], [["a", 1], ["b", 3]])) == ['["b", 2] != ["b", 3]']
    assert list(differing([["a", 1]], [])) == ['["a", 1] != "nothing"']
    assert list(differing([], [["a", 1]])) == ['"nothing" != ["a", 1]']
