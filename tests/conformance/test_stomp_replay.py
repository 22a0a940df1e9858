"""Our STOMP is held to what RabbitMQ 3.10's showed: every recorded conversation, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.record import differing, load
from tests.conformance.record_stomp import NAME
from tests.conformance.stomp.direct import play
from tests.conformance.stomp.facts import FACTS

RECORDED = load(NAME)

_CUT = "a number that AMQP has no room for is cut when it is sent; RabbitMQ cuts it when it tells AMQP of it"

DIFFERENT = {
    "round_with_priority_is_300": _CUT,
    "round_with_priority_is_minus_1": _CUT,
    "round_with_timestamp_is_minus_5": _CUT,
}
"""Conversations in which ours differs, each with the reason; docs/stomp.md tells of them."""


def test_every_conversation_was_recorded() -> None:
    assert FACTS.keys() == RECORDED.keys()
    assert len(FACTS) >= 480


def test_the_page_says_how_many() -> None:
    page = (Path(__file__).parents[2] / "docs" / "stomp.md").read_text(encoding="utf-8")
    assert f"We recorded {len(FACTS)} conversations" in page
    assert (len(DIFFERENT), "all but three of them" in page) == (3, True)


@pytest.mark.parametrize("name", sorted(FACTS.keys() - DIFFERENT.keys()))
def test_our_session_says_what_the_real_one_said(name: str) -> None:
    assert list(differing(RECORDED[name], play(FACTS[name], "3.10"))) == [], FACTS[name].says


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_said_to_differ_does(name: str) -> None:
    assert list(differing(RECORDED[name], play(FACTS[name], "3.10"))) != []
