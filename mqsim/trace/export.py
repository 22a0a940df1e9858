"""A run's tables as files: JSON lines, CSV, Parquet; and JSON lines back.

A file appears under its final name only when it is whole: it is written beside the target and renamed at the
end.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import numpy as np

from mqsim.errors import TraceError
from mqsim.trace import frames
from mqsim.trace.tables import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

FORMAT = "mqsim-trace"
VERSION = 1
_CHUNK = 50_000
_TABLES = ("messages", "deliveries", "events")


class Frames(NamedTuple):
    """The three tables of a run."""

    messages: pd.DataFrame
    deliveries: pd.DataFrame
    events: pd.DataFrame


def tables(trace: Trace) -> Frames:
    """The three tables of a run as frames."""
    return Frames(frames.messages_frame(trace), frames.deliveries_frame(trace), frames.events_frame(trace))


def write_jsonl(trace: Trace, path: str | os.PathLike[str]) -> Path:
    """Write a run as JSON lines: a header, then one line a record (`table` says of which), absent is null.

    Args:
        trace: what a run left behind.
        path: the file; its folder is made where it is missing.

    Raises:
        TraceError: the file can't be written.
    """
    target = Path(path)
    with _whole(target) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        three = tables(trace)
        file.write(json.dumps(_header(trace, three)) + "\n")
        for name, frame in zip(_TABLES, three, strict=True):
            _write_records(file, name, frame)
    return target


def read_jsonl(path: str | os.PathLike[str]) -> Frames:
    """Read what `write_jsonl` wrote: the three frames, with the same values, types and categories.

    Raises:
        TraceError: the file can't be read, is not a trace, has another version or ends too soon.
    """
    source = Path(path)
    try:
        with source.open(encoding="utf-8") as file:
            return _read_records(source, file, _read_header(source, file))
    except OSError as problem:
        raise TraceError(f"{source} can't be read: {problem.strerror}.") from problem


def write_csv(trace: Trace, folder: str | os.PathLike[str]) -> Path:
    """Write `messages.csv`, `deliveries.csv` and `events.csv` into `folder`; absent values are empty.

    Raises:
        TraceError: the files can't be written.
    """
    target = Path(folder)
    with contextlib.ExitStack() as stack:
        for name, frame in zip(_TABLES, tables(trace), strict=True):
            part = stack.enter_context(_whole(target / f"{name}.csv"))
            frame.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
    return target


def write_parquet(trace: Trace, folder: str | os.PathLike[str]) -> Path:
    """Write `messages.parquet`, `deliveries.parquet` and `events.parquet` into `folder`.

    Raises:
        TraceError: pyarrow is not installed, or the files can't be written.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise TraceError(
            'Parquet files need pyarrow, which is not installed: pip install "mqsim[parquet]", or write CSV.'
        ) from None
    target = Path(folder)
    with contextlib.ExitStack() as stack:
        for name, frame in zip(_TABLES, tables(trace), strict=True):
            part = stack.enter_context(_whole(target / f"{name}.parquet"))
            frame.to_parquet(part, engine="pyarrow", index=False)
    return target


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A name beside `target` to write to, which becomes `target` if the block ends well, and goes if not."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(target)
    except OSError as problem:
        raise TraceError(f"{target} can't be written: {problem.strerror}.") from problem
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _header(trace: Trace, three: Frames) -> dict[str, Any]:
    counts = {name: len(frame) for name, frame in zip(_TABLES, three, strict=True)}
    about = {"profile": trace.profile, "start": trace.start, "end": trace.end, "complete": trace.complete}
    names = {"actors": trace.actors.names, "queues": trace.queues.names}
    return {"format": FORMAT, "version": VERSION} | about | names | counts


def _write_records(file: TextIO, table: str, frame: pd.DataFrame) -> None:
    fields = ", ".join(f'"{name}": %s' for name in frame.columns)
    line = f'{{"table": "{table}", {fields}}}\n'
    for first in range(0, len(frame), _CHUNK):
        part = frame.iloc[first : first + _CHUNK]
        cells = [_written(part[name]) for name in frame.columns]
        file.write("".join([line % row for row in zip(*cells, strict=True)]))


def _written(column: pd.Series[Any]) -> list[str]:
    """Each value as JSON; a float keeps every digit."""
    values = column.tolist()
    if column.dtype.kind == "i":
        return [str(value) for value in values]
    if column.dtype.kind == "f":
        return ["null" if value != value else repr(value) for value in values]
    known = {value: json.dumps(value) if isinstance(value, str) else "null" for value in set(values)}
    return [known[value] for value in values]


def _read_header(source: Path, file: TextIO) -> dict[str, Any]:
    try:
        header = json.loads(file.readline())
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise TraceError(f"{source} is not a trace: its first line is not the header of one.")
    if header.get("version") != VERSION:
        raise TraceError(
            f"{source} has version {header.get('version')} of the format; this mqsim reads version {VERSION}."
        )
    if not {"actors", "queues", *_TABLES} <= header.keys():
        raise TraceError(f"{source} is not a trace: its header lacks what a reader needs.")
    return header


class _Reader:
    """One table on its way back from its file: records, packed into columns a chunk at a time."""

    def __init__(self, table: str, shape: pd.DataFrame) -> None:
        self.shape = shape
        self.count = 0
        self.records: list[tuple[Any, ...]] = []
        self.packed: dict[str, list[NDArray[Any]]] = {str(name): [] for name in shape.columns}
        # The words of the two tables are known from the header; those of the log come as they are met.
        self.growing = table == "events"
        self.codes: dict[str, dict[str | None, int]] = {}
        for name in shape.select_dtypes("category").columns:
            words = [None] if self.growing else [None, *shape[name].cat.categories]
            self.codes[str(name)] = {word: code for code, word in enumerate(words, start=-1)}

    def take(self, record: dict[str, Any]) -> None:
        self.records.append(tuple([record[name] for name in self.packed]))
        self.count += 1
        if len(self.records) == _CHUNK:
            self.pack()

    def pack(self) -> None:
        cells = list(zip(*self.records, strict=True)) or [()] * len(self.packed)
        for (name, chunks), values in zip(self.packed.items(), cells, strict=True):
            dtype = self.shape[name].dtype
            if name in self.codes:
                codes = self.codes[name]
                if self.growing:
                    for word in values:
                        codes.setdefault(word, len(codes) - 1)
                chunks.append(np.array([codes[word] for word in values], dtype=np.int32))
            elif dtype.kind == "f":
                chunks.append(np.array(values, dtype=np.float64))
            else:
                chunks.append(np.array(values, dtype=np.dtype(str(dtype)) if dtype.kind == "i" else object))
        self.records.clear()

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        self.pack()
        data: dict[str, Any] = {}
        for name, chunks in self.packed.items():
            cells = np.concatenate(chunks)
            words = self.codes.get(name)
            data[name] = cells if words is None else frames.coded(cells, [word for word in words if word])
        return pd.DataFrame(data, columns=self.shape.columns, copy=False)


def _read_records(source: Path, file: TextIO, header: dict[str, Any]) -> Frames:
    model = Trace()
    for name in header["actors"]:
        model.actors.code(name)
    for name in header["queues"]:
        model.queues.code(name)
    readers = {name: _Reader(name, shape) for name, shape in zip(_TABLES, tables(model), strict=True)}
    read = 1
    try:
        for line in file:
            read += 1
            record = json.loads(line)
            readers[record["table"]].take(record)
        found = Frames(*(reader.frame() for reader in readers.values()))
    except (ValueError, LookupError, TypeError):
        raise TraceError(f"{source}, line {read} or before it: not a record of a trace.") from None
    for name, reader in readers.items():
        if reader.count != header[name]:
            raise TraceError(
                f"{source} is not whole: its header promises {header[name]} {name}, "
                f"there are {reader.count}. Write it again."
            )
    return found
