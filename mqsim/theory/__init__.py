"""Closed forms of queueing theory, and Markov chains solved exactly where there is no closed form.

Knows nothing of the simulation, so that it can judge it. Rates are per second, times in seconds, means and
moments are plain numbers. Whatever is asked outside its range of validity raises `mqsim.errors.TheoryError`.
"""

from mqsim.theory.approximations import allen_cunneen, fork_join, kingman
from mqsim.theory.arrivals import batch_mg1, batch_mm1, mmpp_m1, mmpp_mc
from mqsim.theory.breakdowns import RepeatedWork, mmc_breakdowns, repeated_work
from mqsim.theory.chain import birth_death, level_chain, steady_state
from mqsim.theory.changing import Fluid, fluid, mt_infinity
from mqsim.theory.deterministic import md1, mdc
from mqsim.theory.finite import finite_source, mmck
from mqsim.theory.general import gimc, mg1
from mqsim.theory.impatience import mmc_deadline, mmc_patience
from mqsim.theory.laws import Law
from mqsim.theory.markovian import erlang_b, erlang_c, mg_infinity, mm1, mmc, servers_needed
from mqsim.theory.messaging import (
    RequeuedWork,
    drain_time,
    drain_time_constant,
    drain_time_deviation,
    prefetch_needed,
    prefetch_throughput,
    prefetch_throughput_exponential,
    prefetch_waits,
    requeued_work,
    usl,
    usl_fit,
    usl_peak,
)
from mqsim.theory.networks import ClosedNetwork, ForkJoin, Network, fork_join_two, jackson, mva, tandem
from mqsim.theory.phase_type import mec, mhc, mphc
from mqsim.theory.priorities import mg1_priorities, mmc_priorities
from mqsim.theory.queue import Queue, little
from mqsim.theory.retrials import mmc_retrial
from mqsim.theory.transforms import (
    constant_transform,
    discrete_transform,
    erlang_transform,
    exponential_transform,
    gamma_transform,
    hyperexponential_transform,
    uniform_transform,
)

__all__ = [
    "ClosedNetwork",
    "Fluid",
    "ForkJoin",
    "Law",
    "Network",
    "Queue",
    "RepeatedWork",
    "RequeuedWork",
    "allen_cunneen",
    "batch_mg1",
    "batch_mm1",
    "birth_death",
    "constant_transform",
    "discrete_transform",
    "drain_time",
    "drain_time_constant",
    "drain_time_deviation",
    "erlang_b",
    "erlang_c",
    "erlang_transform",
    "exponential_transform",
    "finite_source",
    "fluid",
    "fork_join",
    "fork_join_two",
    "gamma_transform",
    "gimc",
    "hyperexponential_transform",
    "jackson",
    "kingman",
    "level_chain",
    "little",
    "md1",
    "mdc",
    "mec",
    "mg1",
    "mg1_priorities",
    "mg_infinity",
    "mhc",
    "mm1",
    "mmc",
    "mmc_breakdowns",
    "mmc_deadline",
    "mmc_patience",
    "mmc_priorities",
    "mmc_retrial",
    "mmck",
    "mmpp_m1",
    "mmpp_mc",
    "mphc",
    "mt_infinity",
    "mva",
    "prefetch_needed",
    "prefetch_throughput",
    "prefetch_throughput_exponential",
    "prefetch_waits",
    "repeated_work",
    "requeued_work",
    "servers_needed",
    "steady_state",
    "tandem",
    "uniform_transform",
    "usl",
    "usl_fit",
    "usl_peak",
]
