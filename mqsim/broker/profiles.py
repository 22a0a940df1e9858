"""Which RabbitMQ's rules apply: what differs between 3.10, 4.0 and 4.3.

Each difference was seen on RabbitMQ 3.10.8, 4.0.5 and 4.3.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from mqsim.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one generation.

    Attributes:
        version: `3.10`, `4.0` or `4.3`.
        keeps_transient_exchanges: whether an exchange that is not durable survives a restart.
        tells_last_death: whether a dead-lettered copy carries x-last-death-exchange, -queue and -reason.
    """

    version: str
    keeps_transient_exchanges: bool
    tells_last_death: bool


PROFILES = {
    "3.10": Profile("3.10", keeps_transient_exchanges=False, tells_last_death=False),
    "4.0": Profile("4.0", keeps_transient_exchanges=False, tells_last_death=True),
    "4.3": Profile("4.3", keeps_transient_exchanges=True, tells_last_death=True),
}


def profile(version: str) -> Profile:
    """The rules of `version`.

    Raises:
        UsageError: it is none of those known.
    """
    try:
        return PROFILES[version]
    except KeyError:
        raise UsageError(f"no rules are known for RabbitMQ {version!r}; there are {', '.join(PROFILES)}") from None
