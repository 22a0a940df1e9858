"""Answers that are found once for each scenario: scenarios never change, and one question asks for the same
thing many times.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 64

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def once(find: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """The same function, which remembers its last answers by the very objects that it was asked about.

    The objects are kept beside the answer, so that no other one gets their identity meanwhile.
    """
    known: OrderedDict[tuple[int, ...], tuple[tuple[object, ...], Answer]] = OrderedDict()

    @wraps(find)
    def found(*asked: Asked.args, **named: Asked.kwargs) -> Answer:
        of = (*asked, *named.values())
        key = tuple(map(id, of))
        if key not in known:
            known[key] = of, find(*asked, **named)
            if len(known) > _KEPT:
                known.popitem(last=False)
        return known[key][1]

    return found
