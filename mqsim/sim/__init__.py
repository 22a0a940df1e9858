"""The simulation: a scenario's actors, links and faults around one broker, on SimPy's clock."""

from mqsim.sim.custom_processes import CustomWorld, Delivery
from mqsim.sim.world import World

__all__ = ["CustomWorld", "Delivery", "World"]
