"""pika's loggers, inside a guest: they speak to that guest's own `logging`, and to the real one outside.

Decorators inside pika keep their logger in a closure, so a logger is not replaced: its class is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from mqsim.guest.kernel.runtime import current

if TYPE_CHECKING:
    from mqsim.guest.kernel.runtime import Runtime


class SharedLogger(logging.Logger):
    """A logger that guests and the real program share."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        """Whether anybody wants to hear a message of that level."""
        runtime: Any = getattr(getcurrent(), "runtime", None)
        if runtime is None:
            return super().isEnabledFor(level)
        # pika asks some three hundred times while it connects; mostly nobody listens.
        module = runtime.modules.get("logging")
        return module is not None and bool(module.getLogger(self.name).isEnabledFor(level))

    def getEffectiveLevel(self) -> int:  # noqa: N802
        """The level from which on messages are heard."""
        runtime = current()
        if runtime is None:
            return super().getEffectiveLevel()
        own = _own(runtime, self.name)
        return logging.WARNING if own is None else int(own.getEffectiveLevel())

    def _log(self, level: int, msg: object, args: Any, *rest: Any, **options: Any) -> None:
        runtime = current()
        if runtime is None:
            super()._log(level, msg, args, *rest, **options)
            return
        own = _own(runtime, self.name)
        if own is not None:
            options["stacklevel"] = options.get("stacklevel", 1) + 1
            own._log(level, msg, args, *rest, **options)


def _own(runtime: Runtime, name: str) -> Any:
    """The guest's own logger; None where it has no `logging`, for pika's messages then go nowhere."""
    module = runtime.modules.get("logging")
    return None if module is None else module.getLogger(name)


def share(package: str) -> None:
    """Have the loggers of a package speak to guests."""
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if type(logger) is logging.Logger and name.partition(".")[0] == package:
            logger.__class__ = SharedLogger
