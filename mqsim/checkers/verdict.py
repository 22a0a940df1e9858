"""What a checker answers: a status, a sentence, and the records that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mqsim.trace.frames import deliveries_frame, messages_frame
from mqsim.trace.tables import Trace
from mqsim.trace.timeline import message_name

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5


class Status(Enum):
    """HOLDS: tried, it held. BROKEN: records break it. NOT_EXERCISED: nothing could have broken it."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_EXERCISED = "not exercised"


@dataclass(frozen=True, eq=False)
class Verdict:
    """A checker's answer.

    Attributes:
        name: the checker.
        status: whether the property holds.
        sentence: why, for a reader who has not seen the run.
        records: the rows of the trace's tables that break the property; for one that holds or was not
            exercised, none, unless the checker says otherwise.
    """

    name: str
    status: Status
    sentence: str
    records: pd.DataFrame

    def __str__(self) -> str:
        """One line: name, status, sentence."""
        return f"{self.name}: {self.status.value}: {self.sentence}"


Checker = Callable[[Trace], Verdict]


def message_rows(trace: Trace, rows: list[int] | None = None) -> pd.DataFrame:
    """Some rows of the message table, or its columns alone."""
    return messages_frame(trace).take(rows or [])


def delivery_rows(trace: Trace, rows: list[int] | None = None) -> pd.DataFrame:
    """Some rows of the delivery table with the `producer`, `number` and `queue` of their message."""
    chosen = deliveries_frame(trace).take(rows or [])
    whose = messages_frame(trace).take(chosen["copy"].tolist())
    names = ("producer", "number", "queue")
    return chosen.assign(**{name: whose[name].array for name in names})


def listed(words: Iterable[str]) -> str:
    """The first few of some words, and how many more there are."""
    them = list(dict.fromkeys(words))
    more = len(them) - _SHOWN
    return ", ".join(them[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def names_of(trace: Trace, copies: Iterable[int]) -> str:
    """Messages as a person calls them, `web-1 #3`: the first few."""
    return listed(message_name(trace, copy) for copy in copies)


def counted(number: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
