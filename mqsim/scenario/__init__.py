"""The declarative description of a run: models, YAML, presets, JSON schema.

    text ──yaml──► plain data ──pydantic──► parts ──checks──► Scenario
    wrong at any step ──problems──► one ScenarioError: path, value, what is allowed, what to do

| module | its one job |
| --- | --- |
| `scenario` | the whole: from data and YAML, to YAML, changed copies |
| `brokerspec`, `network`, `actors`, `conduct`, `autoscaling`, `arrivals`, `destinations`, `faults` | its
parts |
| `spec`, `laws`, `columns` | what parts have in common: numbers, laws of `mqsim.distributions`, recorded
times |
| `checks`, `ending` | what has to fit together: names; an end that can come |
| `changes` | changes by path |
| `yaml` | YAML 1.2, strictly |
| `problems` | sentences |
| `routing` | where messages go, by the broker's own rules |
| `schema` | the JSON schema of what a user may write |
| `library`, `presets/` | ready-made scenarios; a scenario from whatever names one |
"""

from __future__ import annotations

from mqsim.scenario.actors import ConsumerSpec, ProducerSpec, ProgramSpec
from mqsim.scenario.arrivals import (
    At,
    Batches,
    Closed,
    Every,
    Mmpp,
    Poisson,
    ProfileArrivals,
    Renewal,
    Saturate,
    TraceArrivals,
)
from mqsim.scenario.autoscaling import Autoscale, Hpa, Keda, Policy, ScaleDown, ScaleUp, TargetTracking
from mqsim.scenario.brokerspec import (
    BindingSpec,
    BrokerSpec,
    CostsSpec,
    DeadLetterSpec,
    DiskSpec,
    ExchangeSpec,
    MemorySpec,
    QueueSpec,
)
from mqsim.scenario.conduct import Confirms, Fails, Forward, Retry
from mqsim.scenario.destinations import Key, Target
from mqsim.scenario.faults import Fault
from mqsim.scenario.library import load, preset_text, presets, scenario_from
from mqsim.scenario.network import LinkSpec, NetworkSpec
from mqsim.scenario.problems import InvalidScenarioError
from mqsim.scenario.routing import Routing
from mqsim.scenario.scenario import Empty, Scenario
from mqsim.scenario.schema import schema
from mqsim.scenario.yaml import read_value

__all__ = [
    "At",
    "Autoscale",
    "Batches",
    "BindingSpec",
    "BrokerSpec",
    "Closed",
    "Confirms",
    "ConsumerSpec",
    "CostsSpec",
    "DeadLetterSpec",
    "DiskSpec",
    "Empty",
    "Every",
    "ExchangeSpec",
    "Fails",
    "Fault",
    "Forward",
    "Hpa",
    "InvalidScenarioError",
    "Keda",
    "Key",
    "LinkSpec",
    "MemorySpec",
    "Mmpp",
    "NetworkSpec",
    "Poisson",
    "Policy",
    "ProducerSpec",
    "ProfileArrivals",
    "ProgramSpec",
    "QueueSpec",
    "Renewal",
    "Retry",
    "Routing",
    "Saturate",
    "ScaleDown",
    "ScaleUp",
    "Scenario",
    "Target",
    "TargetTracking",
    "TraceArrivals",
    "load",
    "preset_text",
    "presets",
    "read_value",
    "scenario_from",
    "schema",
]
