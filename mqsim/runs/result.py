"""The record of a run and what is read from it: tables, numbers, verdicts, warnings, fingerprints."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import pandas as pd

    from mqsim.checkers import Verdict
    from mqsim.runs.warnings import RunWarning
    from mqsim.scenario import Scenario
    from mqsim.trace import Trace


class RunResult:
    """One run of one scenario: its trace, and all that can be read from it.

    Attributes:
        scenario: what was run.
        seed, replication: the random numbers it was run with; the same give the same trace, byte for byte.
        trace: the tables and the log, in columns.
        engine: what ran it: `simpy`, or `compiled`, the twin with the same traces.
        beyond_scenario: what of the run is not in its scenario, so that it can't be run again from that;
            empty where all is.
    """

    beyond_scenario = ""

    def __init__(
        self, scenario: Scenario, seed: int, replication: int, trace: Trace, engine: str = "simpy"
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.replication = replication
        self.trace = trace
        self.engine = engine

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
    def run_warnings(self) -> list[RunWarning]:
        """What a reader of the numbers should mind, each with its kind."""
        from mqsim.runs.warnings import run_warnings

        settled = self.scenario.warmup != "auto" or self._settled_at()[1]
        return run_warnings(self.scenario, self.trace, self.warmup, settled=settled)

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader of the numbers should mind, in sentences."""
        return [warning.message for warning in self.run_warnings]

    def why(self, message: str) -> str:
        """What happened to one message, from its sending to its end, and why it ended so.

        Args:
            message: its text, such as `task 2`, or its producer and number from 1, such as `producer-1#2`.

        Raises:
            UsageError: there is no such message, or several.
        """
        from mqsim.trace.explanation import explain

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

    # -- text and files --------------------------------------------------------------------------------------

    def timeline(self) -> str:
        """The run's story, message by message, one line an event."""
        from mqsim.trace.timeline import timeline_of

        return "\n".join(str(line) for line in timeline_of(self.trace))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the tables as three CSV files into a folder; give its path."""
        from mqsim.trace.export import write_csv

        return write_csv(self.trace, folder)

    def __repr__(self) -> str:
        length = self.trace.end - self.trace.start
        count = self.trace.messages.n
        what = f"{type(self).__name__} of {self.scenario.name!r}"
        return f"<{what}: {count} messages in {length:g} s, seed {self.seed}>"
