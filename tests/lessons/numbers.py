"""Where the numbers in the lessons' prose come from, when no block of their page shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import mqsim as mq
from tests.documents.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NUMBER = re.compile(r"(?<![\w.-])\d+(?:[.,]\d+)*(?![\w])")
_ASIDE = re.compile(
    r"^```[\s\S]*?^```$"  # a block
    r"|`[^`\n]*`|\]\([^)]*\)|<https?:[^>]*>"  # code in a line, links
    r"|^#.*$|^\d+\. |^Next: .*$"  # headings, numbered lines
    r"|(?i:lessons? \d+)|AMQP (?:1\.0|0-9-1)|0-9-1",  # names
    re.MULTILINE,
)


def majority(nodes: int) -> int:
    """Members that a quorum queue on so many nodes needs: more than half."""
    return next(some for some in range(nodes + 1) if some > nodes - some)


EXAMPLES: Mapping[str, set[str]] = {"01": {"17", "4"}}
"""Numbers that only name something, such as an order: nothing follows from them."""

COMPUTED: Mapping[str, Mapping[str, Callable[[], float]]] = {
    "04": {
        # A light task, and a round trip over twice 10 ms.
        "0.5": lambda: mq.load("fair-dispatch").producers["light"].work.mean,
        "20": lambda: 2 * 10,
    },
    "06": {
        "5": lambda: majority(5) + 2,
        "5.2": lambda: mq.load("quorum-failover").faults[0].at or 0,
        "60": lambda: mq.load("hello").consumers["receiver"].heartbeat,
    },
}
"""By lesson: numbers that a reader can't see in a block of the page, and how they come about."""


def prose_numbers(text: str) -> set[str]:
    """The numbers in a page's prose: not in code, links, headings or the numbers of questions."""
    return set(NUMBER.findall(_ASIDE.sub(" ", text)))


def shown_numbers(text: str) -> set[str]:
    """The numbers that the page's blocks and inline code hold."""
    inside = (
        "\n".join(block.text for block in blocks(text)) + "\n" + "\n".join(re.findall(r"`[^`\n]*`", text))
    )
    return {number for token in re.findall(r"\d+(?:[.,]\d+)*", inside) for number in (token, plain(token))}


def plain(number: str) -> str:
    """`2.0` as `2`."""
    return re.sub(r"\.0+$", "", number)
