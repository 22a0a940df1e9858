"""Columns of a log: CSV (any of `,` `;` tab `|`), Parquet, JSON lines, or lines that begin with a time."""

from __future__ import annotations

import csv
import difflib
import importlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DELIMITERS = (",", ";", "\t", "|")
_LINE = re.compile(
    r"\[?(?P<iso>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|[+-]\d\d:?\d\d))?)"
    r"|\[(?P<web>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?)\]"
)


@dataclass(frozen=True)
class Columns:
    """A file as columns of cells.

    Attributes:
        file: its name, for sentences.
        cells: by header: texts, numbers or instants, from the top down.
        lines: for each row the line of the file.
    """

    file: str
    cells: dict[str, list[Any]]
    lines: Sequence[int]

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.file).name

    def rows(self, chosen: Sequence[int]) -> Columns:
        """Some of its rows."""
        cells = {name: [column[i] for i in chosen] for name, column in self.cells.items()}
        return Columns(self.file, cells, [self.lines[i] for i in chosen])

    def column(self, name: str, option: str) -> list[Any]:
        """One column.

        Raises:
            UsageError: there is none of that name.
        """
        if name in self.cells:
            return self.cells[name]
        near = difflib.get_close_matches(name, list(self.cells), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"{option} {name}: {self.file} has no such column; it has {', '.join(self.cells)}.{hint}"
        )


def read(path: Path) -> Columns:
    """Read a log.

    Args:
        path: `.csv`, `.tsv`, `.txt`, `.parquet`, `.jsonl`, `.ndjson`, or a log whose lines hold a time.

    Raises:
        UsageError: there is no such file, it can't be read, or it is empty.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file.")
    if path.suffix == ".parquet":
        return _parquet(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: it can't be read as text in UTF-8 ({error}).") from None
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise UsageError(f"{path}: the file is empty; it must have a header line and a row for each message.")
    if path.suffix in (".jsonl", ".ndjson") or lines[0].lstrip().startswith("{"):
        return _json_lines(path, lines)
    if path.suffix == ".log" or (_LINE.search(lines[0]) and not _looks_like_header(lines[0])):
        return _log(path, lines)
    return _csv(path, lines)


def _looks_like_header(line: str) -> bool:
    return not any(sign.isdigit() for sign in line)


def _csv(path: Path, lines: list[str]) -> Columns:
    delimiter = max(_DELIMITERS, key=lambda sign: lines[0].count(sign))
    rows = csv.reader(lines, delimiter=delimiter)
    header = [cell.strip() for cell in next(rows)]
    if len(set(header)) < len(header) or "" in header:
        raise UsageError(f"{path}: line 1: each column needs a header of its own; here is {lines[0][:60]!r}.")
    if not _looks_like_header("".join(header)) and all(_number_like(cell) for cell in header):
        raise UsageError(f"{path}: line 1 is no header; write the names of the columns above the rows.")
    cells: dict[str, list[Any]] = {name: [] for name in header}
    where = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise UsageError(
                f"{path}: line {rows.line_num} has {len(row)} cells, and the header has {len(header)}."
            )
        for name, cell in zip(header, row, strict=True):
            cells[name].append(cell.strip())
        where.append(rows.line_num)
    if not where:
        raise UsageError(f"{path}: there is a header and no row under it.")
    return Columns(str(path), cells, where)


def _number_like(cell: str) -> bool:
    return re.fullmatch(r"[\d.,:TZ+\- /]*", cell) is not None


def _json_lines(path: Path, lines: list[str]) -> Columns:
    cells: dict[str, list[Any]] = {}
    where: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}: line {number} is no JSON ({error}).") from None
        if not isinstance(row, dict):
            raise UsageError(f'{path}: line {number}: each line must be an object such as {{"time": 1.5}}.')
        for name in cells.keys() | row.keys():
            cells.setdefault(name, [None] * len(where)).append(row.get(name))
        where.append(number)
    return Columns(str(path), cells, where)


def _log(path: Path, lines: list[str]) -> Columns:
    """Lines that hold a time; those without one, such as a stack trace, belong to the one before."""
    times, where = [], []
    for number, line in enumerate(lines, 1):
        found = _LINE.search(line)
        if found is not None:
            times.append(found["iso"] or found["web"])
            where.append(number)
    if not times:
        raise UsageError(f"{path}: no line has a time that is understood; use a CSV file with a header line.")
    return Columns(str(path), {"time": times}, where)


def _parquet(path: Path) -> Columns:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(f"{path}: to read Parquet install pyarrow: pip install 'mqsim[parquet]'.") from None
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: it can't be read as Parquet ({error}).") from None
    if not table.num_rows:
        raise UsageError(f"{path}: the table has no rows.")
    cells = {name: table.column(name).to_pylist() for name in table.column_names}
    return Columns(str(path), cells, range(1, table.num_rows + 1))
