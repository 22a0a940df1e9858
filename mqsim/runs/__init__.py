"""Runs scenarios and programs, and says what came of it. Nothing here draws.

    result = runs.simulate("task-queue", seed=1)
    options = runs.ProgramOptions({"producer": "producer.py", "worker": "consumer.py"})
    result = runs.run_programs(options)
    table = runs.every_crash(options, who="worker")

| module | its one job |
| --- | --- |
| `simulation` | a scenario run once |
| `many` | a scenario run many times, and a few numbers kept of each run |
| `engines` | which engine runs it: the SimPy model or its compiled twin |
| `options` | the options of a run of programs, and the scenario that they make |
| `programs` | programs run in virtual time |
| `crashes` | the crash search: a run for each instant at which a program could crash |
| `completion` | where a program's work on a message ends |
| `impact` | what a crash changed: lost, done twice, left waiting |
| `message_outcomes` | what became of a run's messages, in a sentence or two |
| `notes` | faults that a run shows without a crash |
| `folders` | copies of the programs' folders, and what is written there |
| `result` | the record of a run: tables, numbers, verdicts, fingerprints |
| `warnings` | what a reader of the numbers should mind |
"""

from mqsim.runs.crashes import Crash, CrashTable, every_crash
from mqsim.runs.engines import ENGINES, Engine
from mqsim.runs.impact import Impact
from mqsim.runs.many import Replications, simulate_many
from mqsim.runs.options import ProgramOptions, ProgramSource
from mqsim.runs.programs import ProgramRun, ProgramsRunResult, play, run_programs
from mqsim.runs.result import RunResult
from mqsim.runs.simulation import Progress, simulate
from mqsim.runs.warnings import RunWarning, endless, overloads, run_warnings, surge_warnings, wide

__all__ = [
    "ENGINES",
    "Crash",
    "CrashTable",
    "Engine",
    "Impact",
    "ProgramOptions",
    "ProgramRun",
    "ProgramSource",
    "ProgramsRunResult",
    "Progress",
    "Replications",
    "RunResult",
    "RunWarning",
    "endless",
    "every_crash",
    "overloads",
    "play",
    "run_programs",
    "run_warnings",
    "simulate",
    "simulate_many",
    "surge_warnings",
    "wide",
]
