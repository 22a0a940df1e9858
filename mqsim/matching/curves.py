"""The law of a time as a curve to draw: what a figure lays over a simulated distribution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mqsim.errors import UsageError
from mqsim.matching.formula_choice import applies
from mqsim.matching.records import Fit, Match, Shifted

if TYPE_CHECKING:
    from mqsim.scenario import Scenario

What = Literal["wait", "sojourn", "service", "flows"]
Distribution = Callable[[ArrayLike], NDArray[np.float64]]

_WHATS = ("wait", "sojourn", "service", "flows")


class Curve(NamedTuple):
    """A distribution function of theory, or why there is none.

    Attributes:
        label: the formula's name and how well it fits, as in `M/M/2, exact`; empty where there is none.
        cdf: the share of messages whose time is at most t seconds, for a number or an array of them; None
            where theory does not say.
        why: what makes it fit and what to mind; or why there is none. Sentences.
        fit: exact, approximate, or none.
    """

    label: str
    cdf: Distribution | None
    why: str
    fit: Fit


def curve(scenario: Scenario, what: What = "wait", queue: str | None = None) -> Curve:
    """The distribution function that theory has for a time of one queue.

    Args:
        scenario: what would be run.
        what: `wait` from entering the queue to the start of work, `sojourn` from creation to its end,
            `service` between the two, or `flows`: a message's whole way through all queues.
        queue: its name; may be left out where there is but one, and is not asked for with `flows`.

    Raises:
        UsageError: there is no such queue or no such time, or it isn't clear which queue is meant.
    """
    if what not in _WHATS:
        raise UsageError(f"what: {what!r} is not allowed; it must be one of {', '.join(_WHATS)}.")
    matches = applies(scenario)
    if what == "flows":
        return _best([match for match in matches.whole if "flows.mean" in match.values], what)
    if queue is None:
        if len(matches.queues) != 1:
            names = ", ".join(match.queue for match in matches.queues) or "none"
            raise UsageError(f"queue: say which one; the scenario has {names}.")
        return _of(matches.queues[0], what)
    return _of(matches.of(queue), what)


def _best(matches: list[Match], what: str) -> Curve:
    known = [match for match in matches if what in match.laws] or matches
    if not known:
        return Curve("", None, "No formula fits the whole.", Fit.NONE)
    return _of(known[0], what)


def _of(match: Match, what: str) -> Curve:
    if match.fit is Fit.NONE:
        return Curve("", None, match.sentence(), Fit.NONE)
    law = match.laws.get(what)
    if law is None:
        time = {"flows": "whole way"}.get(what, what)
        about = "only its mean is known" if f"{what}.mean" in match.values else "it says nothing of it"
        why = f"{match.model} has no law of the {time} here; {about}."
        return Curve("", None, why, Fit.NONE)
    name = "the law of the work" if what == "service" else match.model
    return Curve(f"{name}, {match.fit.value}", partial(_values, law), match.sentence(), match.fit)


def _values(law: Shifted, t: ArrayLike) -> NDArray[np.float64]:
    times = np.asarray(t, dtype=np.float64)
    return np.array([law.cdf(float(x)) for x in times.ravel()]).reshape(times.shape)
