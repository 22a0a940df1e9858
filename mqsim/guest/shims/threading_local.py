"""A guest's `threading.local`: the real one tells operating-system threads apart, and greenlets share one."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from greenlet import getcurrent, greenlet

_Own = tuple[tuple[Any, ...], dict[str, Any], "WeakKeyDictionary[greenlet, dict[str, Any]]"]


class Local:
    """What `threading.local()` makes inside a guest: for each thread other attributes."""

    __slots__ = ("__dict__", "__weakref__", "_mqsim_own")

    def __new__(cls, /, *args: Any, **kwargs: Any) -> Local:
        """Remember what each further thread is to be initialised with."""
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError("Initialization arguments are not supported")
        made = object.__new__(cls)
        own: _Own = (args, kwargs, WeakKeyDictionary())
        own[2][getcurrent()] = object.__getattribute__(made, "__dict__")
        object.__setattr__(made, "_mqsim_own", own)
        return made

    def __getattribute__(self, name: str) -> Any:
        _turn_to_caller(self)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _turn_to_caller(self)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        _turn_to_caller(self)
        object.__delattr__(self, name)


def _turn_to_caller(local: Local) -> None:
    """Put the calling thread's attributes in place; the first time, initialise them."""
    args, kwargs, dictionaries = object.__getattribute__(local, "_mqsim_own")
    caller = getcurrent()
    found = dictionaries.get(caller)
    if found is None:
        dictionaries[caller] = found = {}
        object.__setattr__(local, "__dict__", found)
        type(local).__init__(local, *args, **kwargs)
    else:
        object.__setattr__(local, "__dict__", found)
