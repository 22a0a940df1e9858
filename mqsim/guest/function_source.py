"""A function that stands in a notebook, as a program: its text, and what it uses of the names around it.

A program runs in a Python of its own, so that a crash takes all of it. It can't look into the notebook; what
the function uses is written at its head: modules as imports, plain values as assignments, other functions and
classes with their text.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PLAIN = (type(None), bool, int, float, str, bytes)


def source_of(function: Callable[[], Any]) -> str:
    """The text of a program that does what `function()` does.

    Args:
        function: takes no arguments that it needs; uses modules, plain values (numbers, texts, and lists,
            tuples, sets and dicts of these), functions and classes of the module or notebook that it stands
            in.

    Raises:
        UsageError: it needs arguments, has no text, or uses something that can't be written down.
    """
    if not isinstance(function, FunctionType):
        raise UsageError(
            f"{function!r} can't be a program; give a file, a program's text, or a function of your own."
        )
    needed = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise UsageError(
            f"{function.__name__}() needs {', '.join(needed)}; a program is called without arguments: give "
            "defaults, or read sys.argv."
        )
    head: dict[str, str] = {}
    text = _text(function)
    _gather(text, _surroundings(function), head, function.__name__)
    return "\n".join([*head.values(), text, f"{function.__name__}()", ""])


def _text(thing: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        raise UsageError(
            f"{thing.__name__}: its text can't be found; write it in a cell or a file of its own."
        ) from None


def _surroundings(function: FunctionType) -> Mapping[str, Any]:
    around: dict[str, Any] = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        around[name] = cell.cell_contents
    return around


def _gather(text: str, around: Mapping[str, Any], head: dict[str, str], owner: str) -> None:
    """Write down what the text uses of the names around it, and what that uses in turn."""
    for name in _names_used(text):
        if name in head or name == owner or name not in around:
            continue
        value = around[name]
        if isinstance(value, ModuleType):
            head[name] = f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
        elif isinstance(value, FunctionType) and value.__module__ in (None, around.get("__name__")):
            head[name] = ""  # so that two functions that call each other come to an end
            own = _text(value)
            _gather(own, _surroundings(value), head, name)
            head[name] = head.pop(name) + own  # after what it uses
        elif isinstance(value, type) and value.__module__ == around.get("__name__"):
            head[name] = ""
            own = _text(value)
            _gather(own, around, head, name)
            head[name] = head.pop(name) + own
        elif hasattr(value, "__module__") and hasattr(value, "__qualname__"):
            head[name] = f"from {value.__module__} import {value.__qualname__} as {name}"
        elif _is_plain(value):
            head[name] = f"{name} = {value!r}"
        else:
            raise UsageError(
                f"{owner}() uses {name}, a {type(value).__name__}: a program can't take it along. Make it "
                "inside the function, or use a plain value."
            )


def _names_used(text: str) -> Iterator[str]:
    """Names that the text reads, in the order in which they stand."""
    tree = ast.parse(text)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    for node in sorted(names, key=lambda node: (node.lineno, node.col_offset)):
        if not hasattr(builtins, node.id):
            yield node.id


def _is_plain(value: object) -> bool:
    if isinstance(value, _PLAIN):
        return True
    if type(value) in (list, tuple, set, frozenset):
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    if type(value) is dict:
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return False
