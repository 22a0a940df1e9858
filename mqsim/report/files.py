"""Files that appear under their final name only when they are complete."""

from __future__ import annotations

import os
from pathlib import Path

from mqsim.errors import UsageError


def writable_target(path: str | os.PathLike[str]) -> Path:
    """The file `path`, when one could be written there.

    Raises:
        UsageError: its folder is missing, or it is a folder itself.
    """
    target = Path(path)
    if target.is_dir():
        raise UsageError(
            f"{target} is a folder; name the file that the report goes to, such as {target / 'report.html'}."
        )
    if not target.parent.is_dir():
        raise UsageError(
            f"There is no folder {target.parent} for {target.name}; make it first, or name another."
        )
    return target


def write_atomically(path: str | os.PathLike[str], text: str) -> Path:
    """Write `text` beside `path` and rename it, so that an interrupted run leaves nothing half-written.

    Raises:
        UsageError: the file can't be written there.
    """
    target = writable_target(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(target)
    except OSError as error:
        raise UsageError(f"{target} can't be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return target
