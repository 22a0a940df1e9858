"""The replay's scripts as one module, its style, and its colours. The files are joined as they are."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from mqsim.viz import palette
from mqsim.viz.palette import BLUE, GREEN, HUES, ORANGE, PURPLE, SKY, VERMILLION, Paper

_SCRIPTS = (
    "film",
    "cursor",
    "layout",
    "motion",
    "shapes",
    "scenery",
    "stage",
    "chart",
    "panel",
    "player",
    "reader",
    "main",
)
_SOFT = {"light": "#565d65", "dark": "#a9b0b7"}
_LINE = {"light": "#8b929a", "dark": "#757d86"}
_CARD = {"light": "#f4f5f6", "dark": "#1f2429"}
_FAULT = {"light": "#b34700", "dark": "#ff9a57"}


def script() -> str:
    """The module that draws a replay; it has no imports."""
    here = files(__package__)
    return "\n".join(here.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)


def style() -> str:
    """The style sheet."""
    return files(__package__).joinpath("replay.css").read_text(encoding="utf-8")


def looks() -> dict[str, Any]:
    """Colours on light and on dark paper; `states` are in the order of `places.State`, each with a shape of
    its own in the scripts.
    """
    return {theme: _look(theme, palette.paper(theme)) for theme in ("light", "dark")}


def _look(theme: str, on: Paper) -> dict[str, Any]:
    return {
        "paper": on.paper,
        "ink": on.ink,
        "soft": _SOFT[theme],
        "faint": on.faint,
        "line": _LINE[theme],
        "card": _CARD[theme],
        "down": on.down,
        "fault": _FAULT[theme],
        "shade": f"{VERMILLION}26",
        "states": [BLUE, SKY, ORANGE, PURPLE, VERMILLION, GREEN, _SOFT[theme]],
        "hues": list(HUES),
    }
