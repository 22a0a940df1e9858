"""The facts about clusters, by what they are about. Importing this package fills `CLUSTER_FACTS`."""

from tests.conformance.cluster_facts import classic, elections, minority, rolling, silence, topology
from tests.conformance.cluster_script import CLUSTER_FACTS

__all__ = ["CLUSTER_FACTS", "classic", "elections", "minority", "rolling", "silence", "topology"]
