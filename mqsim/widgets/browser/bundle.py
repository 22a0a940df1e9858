"""One module out of scripts and what they import: a widget sends the browser one text, without imports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_TYPES = re.compile(r"[ ]*/\*\*.*?\*/\n?", re.DOTALL)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)


def bundle(*entries: Path) -> str:
    """Scripts, after all that they import, each file once, as one module without imports.

    Files are joined as they are, but for the comments that are written for the type checker. So no two of
    them may declare the same name; the browser refuses a module that declares a name twice.

    Args:
        entries: the script with the `export default` that anywidget calls; on a page also the one that
            starts it there.
    """
    parts: dict[Path, str] = {}
    for entry in entries:
        _gather(entry.resolve(), parts)
    return "\n".join(parts.values())


def _gather(script: Path, parts: dict[Path, str], importers: tuple[Path, ...] = ()) -> None:
    if script in parts:
        return
    if script in importers:
        names = " -> ".join(path.name for path in (*importers, script))
        raise ImportError(f"scripts import each other in a circle: {names}")
    text = script.read_text(encoding="utf-8")
    for name in _IMPORT.findall(text):
        _gather((script.parent / name).resolve(), parts, (*importers, script))
    parts[script] = _EXPORT.sub("", _IMPORT.sub("", _TYPES.sub("", text)))
