"""Hypothesis makes traces: any lives of messages that the tables can tell, sensible or not."""

from __future__ import annotations

from hypothesis import strategies as st

from mqsim.trace import How, Outcome, Trace
from tests.trace.hand import Hand

# Few different instants, so that ties are common.
_STEPS = st.integers(0, 4).map(lambda n: n / 2)
_LEFT = (Outcome.EXPIRED, Outcome.DROPPED, Outcome.DEAD_LETTERED, Outcome.LOST)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Up to a dozen messages in two queues, each with up to three attempts, in a run of 50 s."""
    hand = Hand(end=50.0)
    for k in (1, 2):
        hand.consumer(f"worker-{k}", prefetch=draw(st.integers(0, 2)))
    for _ in range(draw(st.integers(0, 12))):
        _life(draw, hand)
    return hand.trace


def _life(draw: st.DrawFn, hand: Hand) -> None:
    queue, producer = draw(st.sampled_from(["a", "b"])), draw(st.sampled_from(["web-1", "web-2"]))
    created = draw(st.integers(0, 8)) / 1.0
    if draw(st.integers(0, 9)) == 0:
        outcome = draw(st.sampled_from([Outcome.REFUSED, Outcome.UNROUTABLE]))
        hand.message(
            outcome,
            queue=queue if outcome is Outcome.REFUSED else None,
            producer=producer,
            created=created,
            enqueued=float("nan"),
        )
        return
    now = created + draw(_STEPS)
    copy = hand.message(Outcome.READY, queue=queue, producer=producer, created=created, enqueued=now)
    table = hand.trace.messages
    for _ in range(draw(st.integers(0, 3))):
        now += draw(_STEPS)
        how = draw(st.sampled_from(list(How)))
        start = now + draw(_STEPS)
        finish = start + draw(_STEPS)
        ended = finish + draw(_STEPS)
        times = {"started": start}
        if how in (How.ACKED, How.RETURNED) and draw(st.booleans()):
            times["finished"] = finish
        if how is not How.OPEN:
            times["ended"] = ended
        if how is How.ACKED:
            times["finished"] = finish
        hand.attempt(copy, draw(st.sampled_from(["worker-1", "worker-2"])), now, how, **times)
        if how not in (How.REQUEUED, How.RETURNED):
            results = {How.OPEN: Outcome.UNACKED, How.ACKED: Outcome.ACKED, How.LOST: Outcome.LOST}
            table.outcome[copy] = results.get(how, Outcome.REJECTED)
            return
        now = ended
    if draw(st.booleans()):
        table.outcome[copy] = draw(st.sampled_from(_LEFT))
        table.ended[copy] = now + draw(_STEPS)
