"""A guest's `time` and `datetime`: the world's clock, in UTC on every machine."""

from __future__ import annotations

import calendar
import datetime as real_datetime
import time as real
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.runtime import current
from mqsim.guest.kernel.ticks import BOOT, EPOCH, TICKS, ceil_ticks
from mqsim.guest.shims.copies import copied

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime

_LONGEST = float(1 << 40)
_NANO = 1_000_000_000


def _readers(runtime: Runtime) -> dict[str, Callable[..., Any]]:
    """The functions that read a clock; each look at it is accounted for."""

    def seconds(start: int) -> Callable[[], float]:
        offset = start * TICKS

        def read() -> float:
            runtime.idle()
            return (offset + runtime.now) / TICKS

        return read

    def nanoseconds(start: int) -> Callable[[], int]:
        offset = start * TICKS

        def read() -> int:
            runtime.idle()
            return (offset + runtime.now) * _NANO // TICKS

        return read

    starts = {"time": EPOCH, "monotonic": BOOT, "perf_counter": BOOT, "process_time": 0, "thread_time": 0}
    readers: dict[str, Callable[..., Any]] = {}
    for name, start in starts.items():
        readers[name] = seconds(start)
        readers[f"{name}_ns"] = nanoseconds(start)
    wall = getattr(real, "CLOCK_REALTIME", 0)
    readers["clock_gettime"] = lambda clock: readers["time" if clock == wall else "monotonic"]()
    readers["clock_gettime_ns"] = lambda clock: readers["time_ns" if clock == wall else "monotonic_ns"]()
    return readers


def _sleeper(runtime: Runtime) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if not (hasattr(seconds, "__float__") or hasattr(seconds, "__index__")):
            real.sleep(seconds)  # only to raise the TypeError of this version of Python
        duration = float(seconds)
        if duration != duration:
            raise ValueError("Invalid value NaN (not a number)")
        if duration < 0:
            raise ValueError("sleep length must be non-negative")
        if duration > _LONGEST:
            raise OverflowError("timestamp too large to convert to C PyTime_t")
        runtime.sleep(ceil_ticks(duration))

    return sleep


def time_module(runtime: Runtime) -> ModuleType:
    """A guest's `time`."""
    readers = _readers(runtime)
    now = readers["time"]

    def broken_down(seconds: float | None = None) -> real.struct_time:
        return real.gmtime(now() if seconds is None else seconds)

    def asctime(moment: Any = None) -> str:
        return real.asctime(broken_down() if moment is None else moment)

    return copied(
        real,
        **readers,
        sleep=_sleeper(runtime),
        gmtime=broken_down,
        localtime=broken_down,
        mktime=lambda moment: float(calendar.timegm(moment)),
        asctime=asctime,
        ctime=lambda seconds=None: asctime(broken_down(seconds)),
        strftime=lambda form, moment=None: real.strftime(form, broken_down() if moment is None else moment),
        tzset=lambda: None,
        timezone=0,
        altzone=0,
        daylight=0,
        tzname=("UTC", "UTC"),
    )


class _LikeTheReal(type):
    """`isinstance(x, datetime)` holds for the real one's instances too, such as those that pika decodes."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL[cls]) if cls in _REAL else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL[cls]) if cls in _REAL else super().__subclasscheck__(subclass)


def _now_seconds() -> float:
    runtime = current()
    if runtime is None:
        return real.time()
    runtime.idle()
    return EPOCH + runtime.now / TICKS


_UTC = real_datetime.UTC


class GuestDate(real_datetime.date, metaclass=_LikeTheReal):
    """A guest's `datetime.date`."""

    @classmethod
    def today(cls) -> Any:
        """The date of the world's clock."""
        return super().today() if current() is None else cls.fromtimestamp(_now_seconds())

    @classmethod
    def fromtimestamp(cls, timestamp: float, /) -> Any:
        """The date at a time, in UTC."""
        if current() is None:
            return super().fromtimestamp(timestamp)
        moment = real_datetime.datetime.fromtimestamp(timestamp, _UTC)
        return cls(moment.year, moment.month, moment.day)

    def __repr__(self) -> str:
        return _named_as_the_real(super().__repr__(), type(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return (real_datetime.date, (self.year, self.month, self.day))


class GuestDatetime(real_datetime.datetime, metaclass=_LikeTheReal):
    """A guest's `datetime.datetime`: local time is UTC."""

    @classmethod
    def now(cls, tz: real_datetime.tzinfo | None = None) -> Any:
        """What the world's clock shows."""
        return super().now(tz) if current() is None else cls.fromtimestamp(_now_seconds(), tz)

    @classmethod
    def today(cls) -> Any:
        """What the world's clock shows."""
        return cls.now()

    @classmethod
    def utcnow(cls) -> Any:
        """What the world's clock shows."""
        return cls.now(_UTC).replace(tzinfo=None)

    @classmethod
    def fromtimestamp(cls, timestamp: float, /, tz: real_datetime.tzinfo | None = None) -> Any:
        """A moment from Unix seconds."""
        if current() is None:
            return super().fromtimestamp(timestamp, tz)
        moment = super().fromtimestamp(timestamp, _UTC)
        return moment.replace(tzinfo=None) if tz is None else super().astimezone(moment, tz)

    @classmethod
    def combine(cls, *args: Any, **kwargs: Any) -> Any:
        """A date and a time together."""
        return super().combine(*args, **kwargs)

    def timestamp(self) -> float:
        """Unix seconds."""
        if current() is None:
            return super().timestamp()
        aware = self.replace(tzinfo=_UTC) if self.tzinfo is None else self
        return real_datetime.datetime.timestamp(aware)

    def astimezone(self, tz: real_datetime.tzinfo | None = None) -> Any:
        """The same moment elsewhere."""
        if current() is None:
            return super().astimezone(tz)
        aware = self.replace(tzinfo=_UTC) if self.tzinfo is None else self
        return real_datetime.datetime.astimezone(aware, _UTC if tz is None else tz)

    def date(self) -> Any:
        """Its date."""
        return GuestDate(self.year, self.month, self.day)

    def __repr__(self) -> str:
        return _named_as_the_real(super().__repr__(), type(self))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        moment = (self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond)
        return (real_datetime.datetime, (*moment, self.tzinfo))


_REAL: dict[type, type] = {GuestDate: real_datetime.date, GuestDatetime: real_datetime.datetime}

for _shown, _class in (("date", GuestDate), ("datetime", GuestDatetime)):
    _class.__module__, _class.__name__, _class.__qualname__ = "datetime", _shown, _shown


def _named_as_the_real(text: str, kind: type) -> str:
    return f"datetime.{text}" if kind in _REAL and not text.startswith("datetime.") else text


def datetime_module(runtime: Runtime) -> ModuleType:
    """A guest's `datetime`."""
    return copied(real_datetime, date=GuestDate, datetime=GuestDatetime)
