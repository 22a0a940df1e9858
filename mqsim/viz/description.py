"""What a figure shows, told in other ways: as words for whoever can't see it, and as the table it was drawn
from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes


class Description(NamedTuple):
    """How a figure tells itself: `words` and `table` are made when they are asked for."""

    words: Callable[[], str]
    table: Callable[[], pd.DataFrame]


_DESCRIPTIONS: WeakKeyDictionary[Axes, Description] = WeakKeyDictionary()


def keep(ax: Axes, words: Callable[[], str], table: Callable[[], pd.DataFrame]) -> None:
    """Remember how the figure on `ax` tells itself; a later figure on the same axes replaces it."""
    _DESCRIPTIONS[ax] = Description(words, table)


def describe(ax: Axes) -> str:
    """The text alternative of a figure: what it shows, with its numbers, in a few sentences.

    Args:
        ax: as a function of this package gave it back.

    Raises:
        UsageError: no figure of this package is on these axes.
    """
    return _description(ax).words()


def data(ax: Axes) -> pd.DataFrame:
    """The numbers behind a figure, as a table; its columns are described at the function that drew it.

    Args:
        ax: as a function of this package gave it back.

    Raises:
        UsageError: no figure of this package is on these axes.
    """
    return _description(ax).table()


def is_told(ax: Axes) -> bool:
    """Whether a figure of this package is on these axes."""
    return ax in _DESCRIPTIONS


def _description(ax: Axes) -> Description:
    account = _DESCRIPTIONS.get(ax)
    if account is None:
        raise UsageError("These axes hold no figure of mqsim.viz; give the ones that a plot_... gave back.")
    return account
