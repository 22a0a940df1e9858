"""Read one column of measured times from a CSV or a Parquet file."""

from __future__ import annotations

import csv
import difflib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from mqsim.distributions.law import number
from mqsim.errors import DistributionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIME = "a number of at least 0"


def read_column(law: str, file: str, column: str, base: Path | None = None) -> tuple[float, ...]:
    """The numbers of one column, from the top down.

    Args:
        law: who asks, for the error: `empirical`, or an arrival law such as `trace`.
        file: a CSV file in UTF-8 with a header line, or a `.parquet` file when pyarrow is installed.
        column: the header of the column.
        base: the folder that a relative `file` starts from; the current one if None.

    Raises:
        DistributionError: the file or the column isn't there, the column is empty, or a cell is no finite
            number of at least 0; the error names the line.
    """
    _check(law, "file", file, "the path of a file")
    _check(law, "column", column, "the header of a column")
    path = (base or Path()) / file
    if not path.is_file():
        folder = path.parent.name or "the current folder"
        raise DistributionError(
            law, "file", file, f"an existing file; a relative path starts at the scenario's folder ({folder})"
        )
    if path.suffix == ".parquet":
        return _parquet(law, path, file, column)
    try:
        values = tuple(_csv(law, path, file, column))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DistributionError(law, "file", file, f"a readable CSV file in UTF-8 ({error})") from None
    if not values:
        raise DistributionError(law, "file", file, "a file with at least one line under its header")
    return values


def _check(law: str, parameter: str, value: object, allowed: str) -> None:
    if not isinstance(value, str) or not value:
        raise DistributionError(law, parameter, value, allowed)


def _csv(law: str, path: Path, file: str, column: str) -> Iterator[float]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines)
        place = _place(law, [cell.strip() for cell in next(reader, [])], column)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            where = f"column {column!r} of {file}, line {reader.line_num}"
            cell = row[place].strip() if place < len(row) else ""
            try:
                value = float(cell)
            except ValueError:
                raise DistributionError(law, where, cell, _TIME) from None
            yield number(law, where, value, _TIME)


def _parquet(law: str, path: Path, file: str, column: str) -> tuple[float, ...]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise DistributionError(
            law, "file", file, "a CSV file, as pyarrow, which reads Parquet, isn't installed"
        ) from None
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise DistributionError(law, "file", file, f"a readable Parquet file ({error})") from None
    _place(law, list(table.column_names), column)
    cells = table.column(column).to_pylist()
    if not cells:
        raise DistributionError(law, "file", file, "a file with at least one row")
    return tuple(
        number(law, f"column {column!r} of {file}, row {i}", cell, _TIME) for i, cell in enumerate(cells, 1)
    )


def _place(law: str, headers: list[str], column: str) -> int:
    if column in headers:
        return headers.index(column)
    near = difflib.get_close_matches(column, headers, 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise DistributionError(
        law, "column", column, f"one of the file's columns, {', '.join(headers) or 'but it has none'}{guess}"
    )
