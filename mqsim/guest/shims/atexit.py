"""A guest's `atexit`: run when its main thread has ended in order."""

from __future__ import annotations

import atexit as real
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mqsim.guest.shims.copies import as_builtin

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.kernel.runtime import Runtime


def atexit_module(runtime: Runtime) -> ModuleType:
    """A guest's `atexit`."""
    module = ModuleType("atexit", real.__doc__)
    registered = runtime.at_exit

    def register(function: Callable[..., object], *args: Any, **kwargs: Any) -> Callable[..., object]:
        registered.append((function, args, kwargs))
        return function

    def unregister(function: Callable[..., object]) -> None:
        registered[:] = [entry for entry in registered if entry[0] != function]

    module.__dict__["register"] = as_builtin("register", register)
    module.__dict__["unregister"] = as_builtin("unregister", unregister)
    module.__dict__["_clear"] = registered.clear
    return module
