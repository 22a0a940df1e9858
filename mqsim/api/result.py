"""What a run gives back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.api.pictures import Pictures
from mqsim.scenario import Scenario
from mqsim.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

    from mqsim.api.doubts import Doubt
    from mqsim.checkers import Verdict
    from mqsim.widgets import Replay


class Result(Pictures):
    """One run of one scenario: its trace, and all that can be read from it.

    Attributes:
        scenario: what was run.
        seed, replication: the random numbers it was run with; the same give the same trace, byte for byte.
        trace: the tables and the log, in columns.
    """

    def __init__(self, scenario: Scenario, seed: int, replication: int, trace: Trace) -> None:
        self.scenario = scenario
        self.seed = seed
        self.replication = replication
        self.trace = trace

    # -- tables ----------------------------------------------------------------------------------------------

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row a copy of a message in a queue; times in seconds, NaN where it did not happen."""
        from mqsim.trace.frames import messages_frame

        return messages_frame(self.trace)

    @cached_property
    def deliveries(self) -> pd.DataFrame:
        """One row an attempt to deliver a message."""
        from mqsim.trace.frames import deliveries_frame

        return deliveries_frame(self.trace)

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened to actors and the broker, and to messages out of the ordinary, in order."""
        from mqsim.trace.frames import events_frame

        return events_frame(self.trace)

    @cached_property
    def depth(self) -> pd.DataFrame:
        """How many messages were ready, as steps: columns `queue`, `t`, `ready`; each row holds until the
        queue's next.
        """
        import pandas as pd

        from mqsim.metrics import depth_series

        parts = []
        for queue in self.trace.queues.names:
            times, ready = depth_series(self.trace, queue)
            parts.append(pd.DataFrame({"queue": queue, "t": times, "ready": ready}))
        columns = ["queue", "t", "ready"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    @cached_property
    def consumers(self) -> pd.DataFrame:
        """One row a consumer: what it handled, its share, its utilisation."""
        import pandas as pd

        frame = pd.DataFrame.from_dict(self.summary()["consumers"], orient="index")
        frame.index.name = "consumer"
        return frame

    # -- numbers and verdicts --------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """The numbers of the run, for messages created after the warm-up; what is absent is None."""
        from mqsim.metrics import summary

        return summary(self.trace, self.warmup)

    @cached_property
    def warmup(self) -> float:
        """Seconds left out at the start: the scenario's, or where MSER-5 cuts the sojourn times (`warmup:
        auto`).
        """
        asked = self.scenario.warmup
        return self._settled_at()[0] if asked == "auto" else float(asked)

    def _settled_at(self) -> tuple[float, bool]:
        import numpy as np

        from mqsim.statistics.warmup import truncation
        from mqsim.trace.frames import columns

        created, finished = columns(self.trace.messages, "created", "finished")
        done = np.flatnonzero(np.isfinite(finished))
        done = done[np.argsort(created[done], kind="stable")]
        cut = truncation(finished[done] - created[done])
        return (float(created[done[cut.index]]) if cut.index else self.trace.start), cut.settled

    def checks(self) -> list[Verdict]:
        """Verdicts on this run: nothing lost, nothing twice, order kept, prefetch respected, fair share."""
        from mqsim.checkers import check

        return check(self.trace)

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader of the numbers should mind."""
        found = []
        if not self.trace.complete:
            limit = self.scenario.max_duration
            found.append(
                f"the run stopped at max_duration ({limit:g} s), before it was {_goal(self.scenario)}."
            )
        if self.scenario.warmup == "auto" and not self._settled_at()[1]:
            found.append(
                "the run is too short for its warm-up to end: run it longer, or give warmup a number."
            )
        found += _without_effect(self.scenario)
        found += [doubt.message for doubt in self.doubts]
        return found

    @cached_property
    def doubts(self) -> list[Doubt]:
        """Those of the warnings that say why the numbers may mislead: overload, growth, a short run."""
        from mqsim.api.doubts import doubts

        return doubts(self.scenario, self.trace, self.warmup)

    def why(self, message: str) -> str:
        """What happened to one message, from its sending to its end, and why it ended so.

        Args:
            message: its text, such as `task 2`, or its producer and number from 1, such as `producer-1#2`.

        Raises:
            UsageError: there is no such message, or several.
        """
        from mqsim.trace.why import explain

        return str(explain(self.trace, message))

    # -- fingerprints ----------------------------------------------------------------------------------------

    def digest(self) -> str:
        """A fingerprint of the message and delivery tables."""
        from mqsim.trace.digest import digest

        return digest(self.trace)

    def event_digest(self) -> str:
        """A fingerprint of the event log."""
        from mqsim.trace.digest import event_digest

        return event_digest(self.trace)

    # -- pages (pictures: see Pictures) ----------------------------------------------------------------------

    def timeline(self) -> str:
        """The run's story, message by message, one line an event."""
        from mqsim.trace.story import story

        return "\n".join(str(line) for line in story(self.trace))

    def replay(self, theme: str | None = None) -> Replay:
        """The run as a film to play, step, drag and intervene in, for a notebook or a page of its own
        (`.to_html(path)`).

        Args:
            theme: `light` or `dark`; by default as the notebook or the reader's system has it.

        Raises:
            UsageError: widgets are not installed, or the run has more messages than a browser can show.
        """
        from mqsim.widgets import Replay

        return Replay(
            self.trace, self.scenario, rerun=self._replay_with, name=self.scenario.name, theme=theme
        )

    def _replay_with(self, fault: Mapping[str, Any]) -> Replay:
        """The replay of this run with one fault more: same seed, same work."""
        from mqsim.api.run import simulate

        more = self.scenario.with_({f"faults.{len(self.scenario.faults)}": dict(fault)})
        return simulate(more, self.seed, self.replication).replay()

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write one HTML file with summary, checks, figures, story and scenario; give its path.

        Raises:
            UsageError: the file can't be written there.
        """
        from mqsim.report import write_report

        return write_report(self, path)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the tables as three CSV files into a folder; give its path."""
        from mqsim.trace.export import write_csv

        return write_csv(self.trace, folder)

    def _repr_html_(self) -> str:
        from mqsim.report import summary_html

        return summary_html(self)

    def __repr__(self) -> str:
        length = self.trace.end - self.trace.start
        count = self.trace.messages.n
        return f"<Result of {self.scenario.name!r}: {count} messages in {length:g} s, seed {self.seed}>"


def _goal(scenario: Scenario) -> str:
    empty = getattr(scenario.until, "empty", None)
    return f"finished: queue {empty!r} was not empty" if empty else "drained"


def _without_effect(scenario: Scenario) -> list[str]:
    """What a scenario asks for and a real broker of its profile would not do, or advises against."""
    found = []
    queues, profile = scenario.broker.queues, scenario.broker.profile
    transient = [name for name, queue in queues.items() if not queue.durable]
    if transient and profile != "3.10":
        found.append(
            f"RabbitMQ {profile} advises against queues that are not durable ({', '.join(transient)}), "
            "and an operator may forbid them (541)."
        )
    asked = "consumer_timeout" in scenario.broker.model_fields_set
    if asked and profile == "4.3" and all(queue.type == "classic" for queue in queues.values()):
        found.append("consumer_timeout has no effect: RabbitMQ 4.3 has none on classic queues.")
    end = scenario.duration
    found += [
        f"queue {name} refuses every message: so does RabbitMQ with max_length 0 and reject-publish, even "
        "while a consumer is free; leave overflow at drop-head to lose only what finds none."
        for name, queue in queues.items()
        if queue.max_length == 0 and queue.overflow != "drop-head" and queue.type == "classic"
    ]
    if profile == "4.3":
        found += _returns_for_ever(scenario)
    for group, spec in scenario.consumers.items():
        if end is not None and spec.start >= end:
            found.append(f"consumers.{group} starts at {spec.start:g} s, when the run is over.")
    for number, fault in enumerate(scenario.faults):
        if end is not None and fault.at is not None and fault.at >= end:
            found.append(f"faults.{number} would strike at {fault.at:g} s, when the run is over.")
    return found


def _returns_for_ever(scenario: Scenario) -> list[str]:
    """Failing work that a delivery limit does not end."""
    return [
        f"RabbitMQ 4.3 does not count a nack towards the delivery limit, so what fails at {group} comes back "
        "without end: give fails a number of attempts, or take profile 4.0."
        for group, spec in scenario.consumers.items()
        if scenario.broker.queues[spec.queue].delivery_limit is not None
        and spec.fails is not None
        and spec.fails.then == "nack"
        and spec.fails.attempts is None
    ]
