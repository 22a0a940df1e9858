"""`mq.World`: a user's own SimPy processes, with a Result at the end."""

from __future__ import annotations

from copy import deepcopy
from math import isfinite

from mqsim.api.result import Result
from mqsim.errors import UsageError
from mqsim.sim import CustomWorld


class World(CustomWorld):
    """A world for a user's own SimPy processes; see `mqsim.sim.custom_processes`.

    world = mq.World(queues=["tasks"])
    world.process(worker(world), "worker-1")
    result = world.run(until=60)
    """

    def run(self, until: float) -> Result:
        """Run up to `until` seconds, not including what happens at that instant; give the result.

        May be called again with a later time; the result then covers all from the start.

        Raises:
            UsageError: `until` is not a finite number of seconds ahead.
        """
        if not isfinite(until) or until <= self.now:
            raise UsageError(
                f"until={until!r} is not allowed; it must be a number of seconds after {self.now:g}."
            )
        self.clock.run_to(until)
        self.trace.end = self.now
        self._close_books()
        scenario = self.scenario.with_({"duration": until, "until": None, "max_duration": None})
        # A copy: the tables of a result that is being read can't grow, and should not.
        result = Result(scenario, self.streams.seed, self.streams.replication, deepcopy(self.trace))
        result.beyond_scenario = "its processes are your own (mq.World), and only your code can start them"
        return result
