"""Widgets for notebooks: the replay of a run, explorers, predictions.

They need the extra `notebooks` (anywidget, ipywidgets), and are loaded when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from mqsim.widgets.explore.widget import Explorer
    from mqsim.widgets.predict.prediction import Prediction
    from mqsim.widgets.replay.widget import Replay

__all__ = ["Explorer", "Prediction", "Replay"]

_WHERE = {
    "Explorer": "mqsim.widgets.explore.widget",
    "Prediction": "mqsim.widgets.predict.prediction",
    "Replay": "mqsim.widgets.replay.widget",
}
_NEEDED = ("anywidget", "ipywidgets", "traitlets")


def __getattr__(name: str) -> object:
    if name in _WHERE:
        try:
            return getattr(import_module(_WHERE[name]), name)
        except ModuleNotFoundError as error:
            if error.name not in _NEEDED:
                raise
            raise UsageError(
                f"Widgets need {error.name}, which is not installed: pip install 'mqsim[notebooks]'."
            ) from None
    raise AttributeError(f"module 'mqsim.widgets' has no attribute {name!r}")
