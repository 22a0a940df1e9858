"""What users import, joined from the packages below; `import mqsim as mq` hands it out."""

from mqsim.api.crashes import every_crash
from mqsim.api.magic import program
from mqsim.api.own import World
from mqsim.api.pictures import plot_latencies
from mqsim.api.programs import run_programs
from mqsim.api.result import Result
from mqsim.api.run import simulate
from mqsim.api.widgets import explore, predict
from mqsim.scenario import Scenario, load, presets

__all__ = [
    "Result",
    "Scenario",
    "World",
    "every_crash",
    "explore",
    "load",
    "plot_latencies",
    "predict",
    "presets",
    "program",
    "run_programs",
    "simulate",
]
