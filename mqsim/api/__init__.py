"""What users import, joined from the packages below; `import mqsim as mq` hands it out."""

from mqsim.api.own import World
from mqsim.api.result import Result
from mqsim.api.run import simulate
from mqsim.scenario import Scenario, load, presets

__all__ = ["Result", "Scenario", "World", "load", "presets", "simulate"]
