"""The table of messages tells when a message's patience ends, and when it was gone."""

from __future__ import annotations

import mqsim as mq


def test_a_message_that_expires_behind_the_head_is_gone_when_it_gets_there() -> None:
    """A patience of 5 s stands before one of 1 s; the second is looked at when the first is gone."""
    scenario = mq.Scenario.from_yaml(
        """
        duration: 10
        broker: {queues: {q: {}}}
        producers:
          slow: {to: q, arrivals: {at: [0]}, expiration: 5}
          quick: {to: q, arrivals: {at: [0.5]}, expiration: 1}
          calm: {to: q, arrivals: {at: [0.6]}}
        """
    )
    table = mq.simulate(scenario).messages
    assert table.expires.tolist()[:2] == [5.0, 1.5]
    assert table.ended.tolist()[:2] == [5.0, 5.0]
    assert table.outcome.tolist() == ["expired", "expired", "ready"]
    assert table.expires.isna().tolist() == [False, False, True]


def test_the_smaller_of_two_patiences_counts() -> None:
    scenario = mq.Scenario.from_yaml(
        """
        duration: 10
        broker: {queues: {q: {message_ttl: 2}}}
        producers: {p: {to: q, arrivals: {at: [1, 2]}, expiration: 3}}
        """
    )
    assert mq.simulate(scenario).messages.expires.tolist() == [3.0, 4.0]
