"""The simulation: a scenario's actors, links and faults around one broker, on SimPy's clock."""

from mqsim.sim.own import Delivery, OwnWorld
from mqsim.sim.world import World

__all__ = ["Delivery", "OwnWorld", "World"]
