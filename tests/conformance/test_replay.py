"""The broker is held to what RabbitMQ 3.10, 4.0 and 4.3 showed: every recorded fact, in virtual time."""

from __future__ import annotations

import json

import pytest

from tests.conformance.direct import DirectWorld
from tests.conformance.facts import FACTS
from tests.conformance.record import differing, load
from tests.conformance.script import ACK_TIMEOUT, Fact, Seen, normalised
from tests.conformance.servers import SUITES

VERSIONS = sorted(SUITES)

_FRAMES = "it is about frames and bytes"
_METHOD = "it is about a field or a method that the broker has no command for; the protocol answers"
_STATE = "it is about methods out of place, which the protocol answers before the broker is asked"
_LOGIN = "it is about the greeting of a connection, which is the protocol's"

ONLY_WITH_A_WIRE = {
    "immediate_is_not_implemented": _METHOD,
    "consumer_tag_used_twice": "the client library refuses it; tests/broker has the broker's answer",
    "channel_flow_off": _METHOD,
    "missed_heartbeats": "it is about heartbeats, which are the protocol's and the world's",
    "prefetch_size_is_not_implemented": _METHOD,
    "methods_on_a_channel_that_is_not_open": _STATE,
    "publishing_on_a_closed_channel": _STATE,
    "opening_a_channel_twice": "it sends channel.open by hand; tests/broker has the broker's answer",
    "unknown_class_and_method": _FRAMES,
    "connection_methods_out_of_place": _STATE,
    "methods_that_only_a_server_sends": _STATE,
    "frame_without_its_end": _FRAMES,
    "frame_of_an_unknown_type": _FRAMES,
    "frame_that_is_too_large": _FRAMES,
    "body_without_a_header": _FRAMES,
    "heartbeats_on_a_channel": _FRAMES,
    "greetings": _LOGIN,
    "update_secret": _METHOD,
    "channel_number_too_high": _LOGIN,
    "unknown_fields_in_properties": _FRAMES,
    "recover_without_requeue": _METHOD,
    "logging_in": _LOGIN,
    "what_the_server_says_of_itself": _LOGIN,
}
"""Facts that need bytes on a wire, each with the reason."""

PLAYED = [name for name in FACTS if name not in ONLY_WITH_A_WIRE]


def play(fact: Fact, version: str) -> Seen:
    world = DirectWorld(version, fact.name, ACK_TIMEOUT if "timeout" in fact.needs else 1800.0)
    running = fact.play(world)
    if running is not None:
        for how in running:
            world.interrupt(how)
    return json.loads(json.dumps(normalised(world.seen, fact.name)))


def test_every_fact_is_compared_or_listed_with_a_reason() -> None:
    assert ONLY_WITH_A_WIRE.keys() <= FACTS.keys()
    assert {name for name, fact in FACTS.items() if "wire" in fact.needs} <= ONLY_WITH_A_WIRE.keys()
    assert len(ONLY_WITH_A_WIRE) == 23
    assert len(PLAYED) >= 180


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", PLAYED)
def test_the_broker_shows_what_the_real_one_showed(name: str, version: str) -> None:
    assert list(differing(load(version)[name], play(FACTS[name], version))) == []
