"""A compiled twin of the hot path: it plays a scenario into the same trace as `sim`, bit for bit, much
faster.

It needs numba (`pip install 'mqsim[fast]'`) and plays what `eligible` says nothing against.

| module | its one job |
| --- | --- |
| `rules` | which scenarios it can play, as lists |
| `play` | a scenario played once |
| `setting`, `pipelines` | from a scenario to arrays; by which forwards a message can come |
| `samples`, `supply` | random numbers in blocks; longer tables and more numbers while it runs |
| `recording` | from arrays to a trace |
| `measuring` | from what was counted to a few numbers, without a trace |
| `state`, `codes` | the arrays; the numbers that things are known by |
| `kernel`, `clock`, `broker`, `ledger` | what is compiled: time, queues, the record |
| `counting` | what is compiled: counting, where no record is wanted |
| `lives`, `processes`, `producers`, `consumers`, `finishing`, `faults` | what is compiled: actors |
| `compiled`, `pointers` | how it is compiled |
| `sources`, `readiness`, `ahead` | how it is kept on disk, and compiled ahead |
| `columns`, `buffers` | a trace's columns; memory that is used again |
"""

from importlib.util import find_spec

from mqsim.twin.rules import RULES, Rule, eligible


def installed() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


__all__ = ["RULES", "Rule", "eligible", "installed"]
