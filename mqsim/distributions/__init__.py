"""Laws of arrival and work, and the named, seeded streams their samples come from.

A law is checked parameters, a mean, a variance and an inverse distribution function; all sampling is by
inversion, one uniform number a sample. `parse` makes a law of what a scenario writes, `Streams` hands out
random numbers.
"""

from mqsim.distributions.columns import read_column
from mqsim.distributions.law import Distribution
from mqsim.distributions.parse import LAWS, parse
from mqsim.distributions.shapes import Erlang, Gamma, Hyperexponential, Lognormal
from mqsim.distributions.simple import Constant, Exponential, Pareto, Uniform, Weibull
from mqsim.distributions.special import inverse_normal, normal_cdf
from mqsim.distributions.streams import Sampler, Stream, Streams
from mqsim.distributions.tables import Discrete, Empirical, Listed

__all__ = [
    "LAWS",
    "Constant",
    "Discrete",
    "Distribution",
    "Empirical",
    "Erlang",
    "Exponential",
    "Gamma",
    "Hyperexponential",
    "Listed",
    "Lognormal",
    "Pareto",
    "Sampler",
    "Stream",
    "Streams",
    "Uniform",
    "Weibull",
    "inverse_normal",
    "normal_cdf",
    "parse",
    "read_column",
]
