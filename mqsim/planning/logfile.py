"""Columns of a log: CSV (any of `,` `;` tab `|`), Parquet, JSON lines, or lines that begin with a time."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

from mqsim.errors import UsageError
from mqsim.planning.columns import Columns
from mqsim.planning.timestamps import looks_like_time

_DELIMITERS = (",", ";", "\t", "|")
_LINE = re.compile(
    r"\[?(?P<iso>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|[+-]\d\d:?\d\d))?)"
    r"|\[(?P<web>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?)\]"
    r"|^(?:<\d+>)?(?P<sys>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?) "
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
    text = _text(path)
    if not text.strip():
        raise UsageError(f"{path}: the file is empty; it must have a header line and a row for each message.")
    # Not splitlines: it would also cut at signs that stand within a quoted cell, such as a form feed.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    kind = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    start = text.lstrip()
    if kind == ".json" or start.startswith("["):
        return _json(path, text)
    if kind in (".jsonl", ".ndjson") or start.startswith("{"):
        return _json_lines(path, lines)
    first = next(line for line in lines if line.strip())
    plain = kind not in (".csv", ".tsv") and not any(sign in first for sign in ("\t", ";"))
    if kind == ".log" or (plain and _LINE.search(first) and not _looks_like_header(first)):
        return _log(path, lines)
    return _csv(path, lines)


def _text(path: Path) -> str:
    """The file as text: packed by gzip or not, in UTF-8, UTF-16 or an older code page."""
    try:
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: it can't be read ({error}).") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in data[:1000]:
            raise UsageError(f"{path}: this is no text; a log is CSV, Parquet, JSON lines or text.") from None
        return data.decode("cp1252", errors="replace")  # only notes and names have such signs


def _looks_like_header(line: str) -> bool:
    return not any(sign.isdigit() for sign in line)


def _csv(path: Path, lines: list[str]) -> Columns:
    skipped = next((k for k, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    lines = lines[skipped:]
    delimiter = max(_DELIMITERS, key=lambda sign: lines[0].count(sign))
    rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    header = [cell.strip() for cell in next(rows)]
    if any(looks_like_time(cell) for cell in header) or all(_number_like(cell) for cell in header):
        # No header: columns are called by their numbers, and the first row is one of them.
        header = [str(k + 1) for k in range(len(header))]
        rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    if len(set(header)) < len(header) or "" in header:
        raise UsageError(
            f"{path}: line {skipped + 1}: each column needs a header of its own; here is {lines[0][:60]!r}."
        )
    cells: dict[str, list[Any]] = {name: [] for name in header}
    where = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            at = skipped + rows.line_num
            raise UsageError(f"{path}: line {at} has {len(row)} cells, and the header has {len(header)}.")
        for name, cell in zip(header, row, strict=True):
            cells[name].append(cell.strip())
        where.append(skipped + rows.line_num)
    if not where:
        raise UsageError(f"{path}: there is a header and no row under it.")
    return Columns(str(path), cells, where)


def _number_like(cell: str) -> bool:
    return re.fullmatch(r"[\d.,:TZ+\- /]*", cell) is not None


def _json(path: Path, text: str) -> Columns:
    """A list of objects; or lines of JSON after all."""
    try:
        given = json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith("{"):
            return _json_lines(path, text.splitlines())
        raise UsageError(f"{path}: this is no JSON ({error}).") from None
    if not isinstance(given, list) or not given or not all(isinstance(row, dict) for row in given):
        raise UsageError(f'{path}: a list of objects such as [{{"time": 1.5}}] is wanted here.')
    return _json_lines(path, [json.dumps(row) for row in given])


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
            times.append(found["iso"] or found["web"] or found["sys"])
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
