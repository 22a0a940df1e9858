"""The palette as CSS variables: `--paper`, `--ink`, ... by the paper, and `--blue`, ..., `--font` on both."""

from __future__ import annotations

from dataclasses import asdict

from mqsim.viz.palette import BLUE, DARK, FONT, GREEN, LIGHT, ORANGE, PURPLE, SKY, VERMILLION

_ALWAYS = {
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "vermillion": VERMILLION,
    "sky": SKY,
    "purple": PURPLE,
    "font": FONT,
}


def page_variables() -> str:
    """Rules for a page that is light or dark as the reader's system has it."""
    return (
        f":root {{ color-scheme: light dark; {_said(_ALWAYS)} {_said(asdict(LIGHT))} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_said(asdict(DARK))} }} }}\n"
    )


def widget_variables(selector: str) -> str:
    """Rules for an element whose `data-theme` says that it is dark; light where it says nothing.

    Args:
        selector: of the element, such as `.mq-explore`.
    """
    return (
        f"{selector} {{ color-scheme: light; {_said(_ALWAYS)} {_said(asdict(LIGHT))} }}\n"
        f'{selector}[data-theme="dark"] {{ color-scheme: dark; {_said(asdict(DARK))} }}\n'
    )


def light_variables() -> str:
    """Rules for a page that is light on every system, such as one that is printed and handed in."""
    return f":root {{ color-scheme: light; {_said(_ALWAYS)} {_said(asdict(LIGHT))} }}\n"


def _said(values: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in values.items())
