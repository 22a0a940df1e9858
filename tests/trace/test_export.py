"""Files: whole or not at all, and what is written can be read again."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TextIO

import pandas as pd
import pytest
from hypothesis import given, settings

from mqsim.errors import TraceError
from mqsim.trace import How, Outcome, Trace, export
from mqsim.trace.export import read_jsonl, tables, write_csv, write_jsonl, write_parquet
from tests.trace.hand import Hand
from tests.trace.wild import traces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITERS = [write_jsonl, write_csv, write_parquet]


def made() -> Trace:
    hand = Hand(end=10.0)
    first = hand.served(0.1 + 0.2, "worker-1", 1.0, 1.0 + 1e-9)
    hand.message(Outcome.DEAD_LETTERED, created=2.0, ended=3.0, number=1)
    hand.message(Outcome.READY, queue="dead 'ß' \"letters\"", created=2.0, enqueued=3.0, parent=1, number=1)
    hand.attempt(hand.message(Outcome.UNACKED, created=4.0), "worker-2", 5.0, How.OPEN, started=5.0)
    hand.trace.events.add(3.0, "dead-lettered", "broker", "tasks", first, 'said "no"\nand\tmore: %s')
    hand.trace.events.add(4.0, "crashed", "worker-1")
    return hand.trace


def assert_same(found: Any, trace: Trace) -> None:
    for one, other in zip(found, tables(trace), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_json_lines_come_back_as_they_were(tmp_path: Path) -> None:
    assert_same(read_jsonl(write_jsonl(made(), tmp_path / "run.jsonl")), made())
    assert_same(read_jsonl(write_jsonl(Trace(), tmp_path / "empty.jsonl")), Trace())


def test_json_lines_come_back_over_several_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_CHUNK", 2)
    assert_same(read_jsonl(write_jsonl(made(), tmp_path / "run.jsonl")), made())


@given(trace=traces())
@settings(max_examples=30, deadline=None)
def test_any_trace_comes_back(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "run.jsonl"
    assert_same(read_jsonl(write_jsonl(trace, path)), trace)


def test_every_line_is_json_and_absent_is_null(tmp_path: Path) -> None:
    path = write_jsonl(made(), tmp_path / "new" / "run.jsonl")
    header, *records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert header["format"] == "mqsim-trace"
    assert header["version"] == 1
    assert (header["messages"], header["deliveries"], header["events"]) == (4, 2, 2)
    assert [record["table"] for record in records] == ["messages"] * 4 + ["deliveries"] * 2 + ["events"] * 2
    assert records[0]["created"] == 0.1 + 0.2
    assert records[1]["acked"] is None
    assert records[1]["consumer"] is None
    assert records[-1]["other"] is None


def test_csv_has_three_files_with_every_digit(tmp_path: Path) -> None:
    write_csv(made(), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "deliveries.csv", "events.csv", "messages.csv",
    ]  # fmt: skip
    lines = (tmp_path / "out" / "messages.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("copy,parent,origin,producer,number,queue,priority,created,")
    assert lines[1].split(",")[7] == "0.30000000000000004"
    assert len(lines) == 5


def test_parquet_comes_back(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow: pip install mqsim[parquet]")
    write_parquet(made(), tmp_path)
    for name, frame in zip(("messages", "deliveries", "events"), tables(made()), strict=True):
        found = pd.read_parquet(tmp_path / f"{name}.parquet")
        assert list(found.columns) == list(frame.columns)
        for column in found:
            left, right = found[column].tolist(), frame[column].tolist()
            assert [x if x == x else None for x in left] == [x if x == x else None for x in right]


def test_without_pyarrow_one_sentence_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(TraceError, match=r"pip install \"mqsim\[parquet\]\""):
        write_parquet(made(), tmp_path)
    assert list(tmp_path.iterdir()) == []


class Stopped(BaseException):
    """Like a KeyboardInterrupt, which pytest keeps for itself."""


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("problem", [Stopped(), OSError(28, "No space left on device")])
def test_an_interrupted_write_leaves_nothing(
    write: Callable[[Trace, Path], Path],
    problem: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts_seen: list[list[str]] = []

    def fails(*args: object, **options: object) -> None:
        parts_seen.append(sorted(path.name for path in tmp_path.iterdir()))
        raise problem

    real = export._write_records

    def writes(file: TextIO, name: str, frame: pd.DataFrame) -> None:
        if name == "events":
            fails()
        real(file, name, frame)
        file.flush()

    monkeypatch.setattr(export, "_write_records", writes)
    for name in ("to_csv", "to_parquet"):
        inner = getattr(pd.DataFrame, name)

        def stops(self: pd.DataFrame, *args: Any, _inner: Any = inner, **options: Any) -> None:
            if "kind" in self:
                fails()
            _inner(self, *args, **options)

        monkeypatch.setattr(pd.DataFrame, name, stops)
    target = tmp_path / "run.jsonl" if write is write_jsonl else tmp_path
    with pytest.raises((Stopped, TraceError)) as caught:
        write(made(), target)
    assert parts_seen[0], "the write had begun"
    assert all(name.endswith(".part") for name in parts_seen[0])
    assert list(tmp_path.iterdir()) == []
    if isinstance(problem, OSError):
        assert "No space left" in str(caught.value)


def test_an_interrupted_write_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jsonl(made(), tmp_path / "run.jsonl")
    before = path.read_bytes()

    def fails(*args: object) -> None:
        raise Stopped

    monkeypatch.setattr(export, "_write_records", fails)
    with pytest.raises(Stopped):
        write_jsonl(Trace(), path)
    assert path.read_bytes() == before


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    whole = write_jsonl(made(), tmp_path / "run.jsonl").read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    for text, words in (
        ("", "not a trace"),
        ("[1, 2]\n", "not a trace"),
        ('{"format": "mqsim-trace", "version": 1}\n', "lacks"),
        (whole.replace('"version": 1', '"version": 2'), "version 2"),
        ("".join(lines[:-1]), "promises 2 events, there are 1"),
        ("".join(lines[:3]) + "oops\n", "line 4"),
        (lines[0] + '{"table": "queues"}\n', "line 2"),
        (lines[0] + '{"table": "messages", "copy": 0}\n', "line 2"),
        (whole.replace('"outcome": "ready"', '"outcome": "eaten"'), "not a record"),
    ):
        (tmp_path / "bad.jsonl").write_text(text, encoding="utf-8")
        with pytest.raises(TraceError, match=words):
            read_jsonl(tmp_path / "bad.jsonl")
    (tmp_path / "bad.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="not a trace"):
        read_jsonl(tmp_path / "bad.jsonl")
    with pytest.raises(TraceError, match="No such file"):
        read_jsonl(tmp_path / "none.jsonl")


def test_times_that_did_not_happen_stay_nan(tmp_path: Path) -> None:
    found = read_jsonl(write_jsonl(made(), tmp_path / "run.jsonl"))
    assert math.isnan(found.messages["acked"][1])
