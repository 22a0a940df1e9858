"""The simulation: a scenario's actors, links and faults around one broker, on SimPy's clock.

Modules import in one direction, from the bottom of this list to its top:

* `clock` (time, timers, when a run ends early), `links` and `hop_kinds` (what travels, how long,
  at which cost for the broker), `session` (one connection).
* `recorder` (writes the trace), `copies` (the state of every message), `alarms` (memory and disk),
  `observers` (both are told by the broker).
* `node` and `cluster` (the broker's machines), `unresponsive_nodes` (without power, or cut off), `replicas`
  (the members of quorum queues).
* `hosts` and `actor_world`: protocols. What the world asks of an actor, and what actors ask of the world;
  this is what keeps the rest from importing the world.
* `process` (what producers and consumers have in common: start, crash, hang, reconnect), `producer` with
  `state_dependent_arrivals`, `destinations`, `confirms` and `retries`; `consumer` with
  `service_times`, `lineages` and `forwards`; `autoscaler`.
* `faults` (crashes, partitions, alarms), `end_of_run`, `topology` (what is declared at the start).
* `world` joins all of them; `custom_processes` is a world for SimPy processes that users write.
"""

from mqsim.sim.custom_processes import CustomWorld, Delivery
from mqsim.sim.world import World

__all__ = ["CustomWorld", "Delivery", "World"]
