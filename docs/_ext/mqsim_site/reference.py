"""The commands and their options, from the command line itself; what `import mqsim` hands out, by module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer

import mqsim as mq
from mqsim.cli.app import app as command_line

if TYPE_CHECKING:
    from sphinx.application import Sphinx

COMMANDS, PYTHON = "docs/command-line", "docs/python"


def setup(app: Sphinx) -> None:
    """Listen to the two pages as they are read."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _as_code)
    app.connect("autodoc-process-signature", _short)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    if page == COMMANDS:
        source[0] += "\n" + "\n".join(commands())
    elif page == PYTHON:
        source[0] += "\n" + "\n".join(python())


_TICKED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def _as_code(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings mark code as Markdown does, by one tick; Sphinx wants two, and a stroke escaped."""
    lines[:] = [
        _TICKED.sub(lambda found: f"``{found[1].strip()}``", line).replace("|", "\\|") for line in lines
    ]


def _short(app: Sphinx, what: str, name: str, *_: Any) -> tuple[str, str] | None:
    """A scenario's fields have a page of their own; their types would fill a screen here."""
    return ("(**fields)", "") if name == "mqsim.Scenario" else None


def commands() -> list[str]:
    """Every command as Markdown: what it does, how it is called, its arguments and options."""
    top = typer.main.get_command(command_line)
    lines: list[str] = []
    for name, command in sorted(top.commands.items()):  # type: ignore[attr-defined]
        lines += _command(name, command, 2)
    return lines


def _command(name: str, command: Any, level: int) -> list[str]:
    if command.hidden:
        return []
    inside = getattr(command, "commands", {})
    lines = [f"{'#' * level} mqsim {name}", "", _text(command.help or ""), ""]
    context = command.make_context(name, [], resilient_parsing=True)
    if not inside:
        usage = " ".join(command.collect_usage_pieces(context)).replace("[OPTIONS]", "[options]")
        lines += ["```text", f"mqsim {name} {usage}".rstrip(), "```", ""]
        rows = [row for each in command.get_params(context) if (row := _row(each, context)) is not None]
        lines += ["| option | what it does |", "| --- | --- |", *rows, ""]
    for below, one in sorted(inside.items()):
        lines += _command(f"{name} {below}", one, level + 1)
    return lines


def _row(parameter: Any, context: Any) -> str | None:
    record = parameter.get_help_record(context)
    if record is None or "--help" in record[0]:
        return None
    option, help_text = (_text(part).replace("|", "\\|") for part in record)
    return f"| `{option}` | {help_text} |"


def _text(words: str) -> str:
    plain = " ".join(words.replace("\b", "").split())
    return plain.replace("<", "&lt;").replace("[", "\\[").replace("*", "\\*") if "`" not in plain else plain


def python() -> list[str]:
    """What `import mqsim as mq` hands out, from the docstrings."""
    functions: list[str] = []
    classes: list[str] = []
    modules: list[str] = []
    for name in sorted(mq.__all__):
        thing = getattr(mq, name)
        (classes if isinstance(thing, type) else functions if callable(thing) else modules).append(name)
    lines = ["## Functions", ""]
    for name in functions:
        lines += _auto("autofunction", f"mqsim.{name}")
    lines += ["## Classes", ""]
    for name in classes:
        lines += _auto("autoclass", f"mqsim.{name}", "   :members:", "   :inherited-members: BaseModel")
    for name in modules:
        lines += [f"## mqsim.{name}", ""]
        lines += _auto("automodule", f"mqsim.{name}", "   :members:", "   :imported-members:")
    return lines


def _auto(directive: str, name: str, *options: str) -> list[str]:
    return ["```{eval-rst}", f".. {directive}:: {name}", *options, "```", ""]
