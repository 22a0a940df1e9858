"""`mq.explore` and `mq.predict`: turn a scenario's knobs and see; guess before you see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.scenario import Scenario, scenario_from

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from mqsim.api.explorer import ResultExplorer
    from mqsim.widgets import Prediction
    from mqsim.widgets.explore.vary import Vary


def explore(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str],
    vary: Vary = None,
    theme: str | None = None,
) -> ResultExplorer:
    """Controls of a scenario in a notebook; depth, lanes and numbers beside theory follow them at once.

    Each picture is that of a whole run: turning the rate up makes for more messages, and the number of them
    stands above the picture.

    Args:
        scenario: a Scenario, the same as plain data, a file's path, or a preset's name.
        vary: what to turn: short names (`rate`, `users`, `workers`, `prefetch`, `ack`, `speed`, `service`,
            `work`, `latency`, `seed`, `faults`, or a kind of fault such as `crash`) and paths such as
            `consumers.worker.count`. As a mapping, each with a range `(low, high)` or `(low, high, step)`, a
            list of choices, or None for the usual; a fault with its time, a range of times, or as a whole.
            By default what fits of rate, workers, prefetch, service, ack and crash.
        theme: `light`, `dark`, or None: as the page around it.

    Raises:
        UsageError: a name means nothing in this scenario, or more than one thing; or widgets are not
            installed.
        ScenarioError: the scenario can't be understood or can't be run.

    Example:
        >>> import mqsim as mq
        >>> explorer = mq.explore("worker-crash", ["workers"])
        >>> explorer.set(workers=3).result.summary()["messages"]["acked"]
        6
    """
    from mqsim.api.explorer import ResultExplorer

    return ResultExplorer(scenario_from(scenario), vary, theme)


def predict(
    question: str, choices: Sequence[Any] | None = None, unit: str | None = None, theme: str | None = None
) -> Prediction:
    """Ask the reader for a guess before the picture; show it beside the answer with `.reveal(answer)`.

    Nothing waits for the guess: a notebook runs through without one. The guess is kept while the kernel runs,
    also when the cell is run again.

    Args:
        question: what is asked.
        choices: the answers to choose from, at least two; without them the guess is a number.
        unit: of the number, such as `s`; empty for a plain count.
        theme: `light`, `dark`, or None: as the page around it.

    Raises:
        UsageError: there is nothing to choose from, or both choices and a unit; or widgets are not installed.

    Example:
        >>> import mqsim as mq
        >>> question = mq.predict("Who takes the third message?", ["worker 1", "worker 2"])
        >>> print(question.guess)
        None
    """
    from mqsim.widgets import Prediction

    return Prediction(question, choices, unit, theme)
