"""Topic names and topic filters: what is one, and which filter matches which name.

Source: MQTT 5.0, sections 4.7 and 4.8.2.
"""

from __future__ import annotations

from typing import NamedTuple

from mqsim.mqtt.reasons import PacketError, Reason

SHARE = "$share/"


def check_name(name: str) -> None:
    """A message's topic: not empty, no wildcard [MQTT-3.3.2-2, MQTT-4.7.3-1].

    Raises:
        PacketError: 0x90.
    """
    if not name or "+" in name or "#" in name:
        raise PacketError(Reason.TOPIC_NAME_INVALID, f"{name!r} is no topic to publish to")


def is_filter(text: str) -> bool:
    """Whether it is a filter: `+` fills a level, `#` is the last level [MQTT-4.7.1-1, MQTT-4.7.1-2]."""
    levels = text.split("/")
    if not text or "#" in "".join(levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return False
    return all(level == "+" or "+" not in level for level in levels)


class Shared(NamedTuple):
    """A filter, with the group that shares it.

    Attributes:
        group: its name; empty for a subscription that is not shared.
        filter: the topics.
    """

    group: str
    filter: str


def parted(text: str) -> Shared | None:
    """A subscription's filter, and the group that shares it; None if it is not a filter.

    `$share/GROUP/FILTER`: the group has a character at least, and no wildcard [MQTT-4.8.2-1, MQTT-4.8.2-2].
    """
    if not text.startswith(SHARE):
        return Shared("", text) if is_filter(text) else None
    group, slash, rest = text[len(SHARE) :].partition("/")
    if not group or not slash or "+" in group or "#" in group or not is_filter(rest):
        return None
    return Shared(group, rest)


def matches(pattern: str, name: str) -> bool:
    """Whether a filter matches a topic's name.

    A filter that begins with a wildcard does not match what begins with `$` [MQTT-4.7.2-1]. `a/#` matches
    `a` as well.
    """
    if name.startswith("$") and pattern[:1] in ("+", "#"):
        return False
    levels = name.split("/")
    wanted = pattern.split("/")
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(levels) or level not in ("+", levels[place]):
            return False
    return len(levels) == len(wanted)
