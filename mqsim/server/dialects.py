"""The protocols that the broker speaks beside AMQP, each on a port of its own.

A protocol is one function here: it is given the host once, and gives the `Dialect` that opens each client's
session. To add one, write the function and name it in `DIALECTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mqsim.server.host import Dialect, Host


@dataclass(frozen=True, slots=True)
class Spoken:
    """A protocol.

    Attributes:
        title: its name for people.
        option: the command's option that gives its port.
        start: gives the dialect on a host, with the data file if there is one.
    """

    title: str
    option: str
    start: Callable[[Host, Path | None], Dialect]


DIALECTS: Mapping[str, Spoken] = {}
