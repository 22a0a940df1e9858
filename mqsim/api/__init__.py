"""What users import, joined from the packages below; `import mqsim as mq` hands it out."""

from mqsim.api.exercises import exercise
from mqsim.api.figures import plot_latencies
from mqsim.api.magic import program
from mqsim.api.result import ProgramsResult, Result
from mqsim.api.run import every_crash, run_programs, simulate, simulate_many
from mqsim.api.widgets import explore, predict
from mqsim.api.world import World
from mqsim.scenario import Scenario, load, presets

__all__ = [
    "ProgramsResult",
    "Result",
    "Scenario",
    "World",
    "every_crash",
    "exercise",
    "explore",
    "load",
    "plot_latencies",
    "predict",
    "presets",
    "program",
    "run_programs",
    "simulate",
    "simulate_many",
]
