"""A guest's chance: what `random`, `uuid`, `secrets` and `os.urandom` give follows from its seed."""

from __future__ import annotations

import random as real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime


def seed_of(runtime: Runtime, purpose: str) -> str:
    """The seed of one source of chance. A text: Python spreads it in the same way on every version."""
    return f"{runtime.program.seed}/{runtime.program.name}/{purpose}"


def entropy(runtime: Runtime) -> Callable[[int], bytes]:
    """A guest's `os.urandom`."""
    source = real.Random(seed_of(runtime, "urandom"))
    return source.randbytes


def settle_random(runtime: Runtime, module: ModuleType) -> None:
    """Seed a guest's own `random` as soon as it is there."""
    module.seed(seed_of(runtime, "random"))


def settle_uuid(runtime: Runtime, module: ModuleType) -> None:
    """Give a guest's own `uuid` a network card, so that it looks for none."""
    module.__dict__["_node"] = 0x02_00_00_00_00_00 | runtime.program.pid
