"""What a student reads when a program fails: its own files and lines, and the last line; nothing of ours.

The text is built here rather than by `traceback`, which writes another one on each version of Python, and it
leaves out the frames of libraries, of which a student can change nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

    from mqsim.guest.program import Program


class Sources(Protocol):
    """Whose tracebacks they are.

    Attributes:
        program: what runs.
        sources: the lines of its own files, by file name.
    """

    program: Program
    sources: dict[str, list[str]]


def short(runtime: Sources, file: str) -> str:
    """A file's name as seen from the program's folder."""
    folder = runtime.program.folder
    return os.path.relpath(file, folder).replace(os.sep, "/") if os.path.isabs(file) and folder else file


def describe(runtime: Sources, error: BaseException, trace: TracebackType | None = None) -> str:
    """An exception that nobody caught, as text that ends with a newline."""
    lines = [
        text
        for file, line, function in _own_frames(runtime, trace or error.__traceback__)
        for text in _frame_lines(runtime, file, line, f", in {function}")
    ]
    if lines:
        lines.insert(0, "Traceback (most recent call last):")
    if isinstance(error, SyntaxError) and error.filename in runtime.sources:
        lines += _frame_lines(runtime, error.filename or "", error.lineno or 0, "")
        lines.append(f"{_name(error)}: {error.msg}")
    else:
        lines.append(last_line(error))
    lines += [str(note) for note in getattr(error, "__notes__", ())]
    return "".join(f"{line}\n" for line in lines)


def last_line(error: BaseException) -> str:
    """The exception's name and what it says."""
    try:
        text = str(error)
    except Exception:
        text = "<exception str() failed>"
    return f"{_name(error)}: {text}" if text else _name(error)


def whereabouts(runtime: Sources, frame: FrameType | None) -> str:
    """The innermost line of the program itself that a thread is in, such as `consumer.py, line 12`."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file in runtime.sources:
            return f"{short(runtime, file)}, line {frame.f_lineno}"
        frame = frame.f_back
    return "not in the program's own files"


def _name(error: BaseException) -> str:
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _own_frames(runtime: Sources, trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in runtime.sources:
            yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next


def _frame_lines(runtime: Sources, file: str, line: int, rest: str) -> list[str]:
    lines = [f'  File "{short(runtime, file)}", line {line}{rest}']
    source = runtime.sources[file]
    if 0 < line <= len(source) and source[line - 1].strip():
        lines.append(f"    {source[line - 1].strip()}")
    return lines
