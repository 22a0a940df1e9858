"""Plays casts in virtual time: the very files, no process, no port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mqsim as mq
from mqsim.guest.host.transcript import EVENT

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory
    from tests.programs.casts import Cast
    from tests.programs.live import Played


def play(cast: Cast, version: str = "3.10", carry: CarrierFactory | None = None) -> Played:
    """Play a cast; what each program printed, and how it ended if it ended by itself."""
    result = mq.run_programs(
        {name: part.path for name, part in cast.parts.items()},
        start={name: part.start for name, part in cast.parts.items()},
        args={name: part.arguments for name, part in cast.parts.items()},
        faults=_faults(cast),
        until=cast.until,
        profile=version,
        carry=carry,
    )
    played: Played = {name: [] for name in cast.parts}
    for t, who, stream, text in result.lines:
        if stream != EVENT:
            played[who.removesuffix("-1")].append((t, stream, text))
    for name, status, signal, ended in result.programs:
        if ended is not None and status is not None and not signal:
            played[name.removesuffix("-1")].append((ended, "exit", str(status)))
    return played


def _faults(cast: Cast) -> list[dict[str, Any]]:
    struck = [
        (kind, name, at)
        for name, part in cast.parts.items()
        for kind, at in (("crash", part.killed), ("stop", part.interrupted))
        if at is not None
    ]
    return [{kind: f"{name}-1", "at": at} for kind, name, at in struck]
