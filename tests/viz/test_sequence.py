"""A sequence diagram draws each step between its lifelines, from top to bottom, and marks what is lost."""

from __future__ import annotations

import pytest

from mqsim.errors import UsageError
from mqsim.viz import data, describe
from mqsim.viz.sequence import Step, plot_sequence

ASK = Step("client", "broker", "PUBLISH")
LOST = Step("broker", "client", "PUBACK", lost=True)
NOTE = Step("client", "", "connects again")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_step_is_drawn_below_the_last_from_its_sender_to_its_receiver(theme: str) -> None:
    ax = plot_sequence(["client", "broker"], [ASK, LOST, NOTE, ASK], theme=theme)
    arrows = [one for one in ax.texts if getattr(one, "arrow_patch", None) is not None]
    starts, tips = [arrow.xyann for arrow in arrows], [arrow.xy for arrow in arrows]
    assert [start[0] for start in starts] == [0, 1, 0]
    assert [tip[0] for tip in tips] == [1, pytest.approx(0.4), 1]
    assert [y for _, y in starts] == sorted(y for _, y in starts)
    assert ax.yaxis_inverted()
    words = [text.get_text() for text in ax.texts if text.get_text()]
    assert words == ["client", "broker", "PUBLISH", "lost", "PUBACK", "connects again", "PUBLISH"]


def test_it_is_told_in_words_and_as_a_table() -> None:
    ax = plot_sequence(["client", "broker"], [ASK, LOST, NOTE])
    assert describe(ax) == (
        "Sequence diagram of client, broker. client sends PUBLISH to broker. broker sends PUBACK to client, "
        "which is lost on its way. client: connects again."
    )
    assert data(ax)["lost"].tolist() == [False, True, False]
    assert data(ax)["to"].tolist() == ["broker", "client", ""]


@pytest.mark.parametrize(
    ("lifelines", "steps", "complaint"),
    [
        (["client"], [NOTE], "two or three"),
        (["a", "b", "c", "d"], [ASK], "two or three"),
        (["client", "client"], [NOTE], "two or three"),
        (["client", "broker"], [], "at least one"),
        (["client", "server"], [ASK], "no lifeline 'broker'"),
        (["client", "broker"], [Step("client", "client", "x")], "can't send to itself"),
        (["client", "broker"], [Step("client", "", "x", lost=True)], "note can't be lost"),
    ],
)
def test_what_cannot_be_drawn_is_said(lifelines: list[str], steps: list[Step], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        plot_sequence(lifelines, steps)
