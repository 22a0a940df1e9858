"""Fields, methods, headers and frames against pamqp's own codec, which is another program's."""

from __future__ import annotations

import datetime
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import commands, decode, encode, frame
from pamqp.header import ContentHeader

from mqsim.amqp import fields, methods
from mqsim.amqp.fields import (
    DEEPEST,
    MalformedError,
    NotUnicodeError,
    Timestamp,
    read_table,
    write_short,
    write_table,
)
from mqsim.amqp.frames import BrokenFrameError, FrameReader, content_frames
from mqsim.amqp.frames import frame as frame_bytes
from mqsim.amqp.methods import made, read_header, read_method, read_properties, write_method

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
SIMPLE = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=30),
    st.none(),
    st.floats(allow_nan=False),
)
VALUES = st.recursive(
    SIMPLE, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4))
)
TABLES = st.dictionaries(NAMES, VALUES, max_size=6)
METHODS = [commands.INDEX_MAPPING[index] for index in sorted(commands.INDEX_MAPPING)]
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "bit": st.booleans(),
    "octet": st.integers(0, 255),
    "short": st.integers(0, 65535),
    "long": st.integers(0, 2**32 - 1),
    "longlong": st.integers(0, 2**63 - 1),
    "shortstr": st.text("abcXYZ019-_.:", max_size=30),
    "longstr": st.text(max_size=300),
    "table": TABLES,
}


@given(TABLES)
def test_what_is_written_pamqp_reads(table: dict[str, object]) -> None:
    data = write_table(table)
    assert decode.field_table(data) == (len(data), table)


# pamqp 3 can't write small negative numbers; no pamqp writes a double, only singles.
BY_PAMQP = st.one_of(
    st.booleans(), st.integers(0, 2**63 - 1), st.text(max_size=30), st.none(), st.lists(st.text(max_size=9))
)


@given(st.dictionaries(NAMES, BY_PAMQP))
def test_what_pamqp_writes_is_read(table: dict[str, object]) -> None:
    data = encode.field_table(table)  # type: ignore[arg-type]
    assert read_table(data, 0) == (table, len(data))


@given(TABLES)
def test_what_is_written_is_read(table: dict[str, object]) -> None:
    data = b"before" + write_table(table) + b"behind"
    assert read_table(data, 6) == (table, len(data) - 6)


def test_values_keep_what_pamqp_would_lose() -> None:
    """A double's last bits, a time beyond the year 2106, bytes that are no UTF-8, a decimal's scale."""
    table = {
        "double": 0.1,
        "time": Timestamp(2**40),
        "bytes": b"\xff\xfe",
        "array": bytearray(b"\0\1"),
        "decimal": Decimal("12.50"),
    }
    found, _ = read_table(write_table(table), 0)
    assert found == table
    assert isinstance(found["time"], Timestamp)
    assert str(found["decimal"]) == "12.50"


def test_a_time_is_a_time_to_others() -> None:
    moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    data = write_table({"t": Timestamp(moment.timestamp())})
    assert decode.field_table(data)[1] == {"t": moment}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\5",
        b"\0\0\0\2\1k",
        b"\0\0\0\3\1k?",
        b"\0\0\0\7\1kS\xff\xff\xff\xff",
        b"\0\0\0\4\1kI\0",
        b"\0\0\0\3\xffkV",
        b"\0\0\0\7\1kF\0\0\0\1",
        b"\0\0\0\3\1\xffV",
    ],
)
def test_a_broken_table_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_table(data, 0)


def test_a_well_has_a_bottom() -> None:
    """Tables in tables cost the stack; as deep as the limit they are read, deeper they are not."""

    def nested(depth: int) -> bytes:
        data = write_table({})
        for _ in range(depth):
            inner = b"\1kF" + data
            data = len(inner).to_bytes(4, "big") + inner
        return data

    read_table(nested(DEEPEST), 0)
    with pytest.raises(MalformedError):
        read_table(nested(DEEPEST + 1), 0)
    with pytest.raises(MalformedError):
        read_table(nested(15_000), 0)


def test_what_amqp_has_no_type_for_is_refused() -> None:
    with pytest.raises(TypeError):
        write_table({"k": object()})


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
@settings(max_examples=15)
@given(data=st.data())
def test_every_method_as_pamqp_has_it(kind: Any, data: st.DataObject) -> None:
    values = {name: data.draw(OF_TYPE[kind.amqp_type(name)]) for name in kind.__slots__}
    method = made(kind, **values)
    payload = write_method(method)
    theirs = kind.__new__(kind)
    theirs.unmarshal(payload[4:])
    assert payload[:4] == kind.index.to_bytes(4, "big")
    for name, value in values.items():
        assert getattr(theirs, name) == value
    again = read_method(payload)
    assert type(again) is kind
    assert {name: getattr(again, name) for name in kind.__slots__} == values
    if payload[4:]:
        with pytest.raises(MalformedError):
            read_method(payload + b"x")
        with pytest.raises(MalformedError):
            read_method(payload[:-1])


def test_any_name_will_do() -> None:
    """pamqp's constructors refuse names that RabbitMQ takes."""
    answer = made(commands.Queue.DeclareOk, queue="Größe? *&", message_count=1, consumer_count=0)
    assert read_method(write_method(answer)).queue == "Größe? *&"  # type: ignore[attr-defined]
    with pytest.raises(NotUnicodeError):
        fields.short_text(b"\1\xff", 0)


def test_properties_as_pamqp_has_them() -> None:
    properties = commands.Basic.Properties(
        content_type="text/plain",
        headers={"a": 1, "l": ["x"]},
        delivery_mode=2,
        priority=7,
        correlation_id="c",
        reply_to="r",
        expiration="60000",
        message_id="m",
        timestamp=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        message_type="t",
        user_id="guest",
        app_id="a",
    )
    payload = ContentHeader(0, 5, properties).marshal()
    header = read_header(payload)
    assert (header.class_id, header.size) == (60, 5)
    found = read_properties(header.raw)
    assert (found["headers"], found["priority"], found["type"]) == ({"a": 1, "l": ["x"]}, 7, "t")
    back = ContentHeader()
    back.unmarshal(methods.write_header(5, methods.write_properties(found)))
    # pamqp takes an absent cluster-id for an empty one.
    assert back.properties == properties


@pytest.mark.parametrize("raw", [b"\xff\xff", b"\x80\0", b"\x80\0\5ab", b"\0\0x", b"\x20\0\0\0\0\3\1k?"])
def test_broken_properties_are_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        read_properties(raw)


@given(
    st.lists(
        st.tuples(st.sampled_from((1, 2, 3)), st.integers(0, 65535), st.binary(max_size=50)), max_size=8
    ),
    st.lists(st.integers(1, 30)),
)
def test_frames_do_not_depend_on_how_they_come(sent: list[tuple[int, int, bytes]], pieces: list[int]) -> None:
    stream = b"".join(frame_bytes(*each) for each in sent)
    reader, found, at = FrameReader(4096), [], 0
    for size in [*pieces, len(stream)]:
        reader.feed(stream[at : at + size])
        at += size
        while (got := reader.next()) is not None:
            found.append(tuple(got))
    assert found == sent
    assert reader.waiting() == 0


@given(
    st.lists(
        st.tuples(st.sampled_from((1, 2, 3)), st.integers(0, 65535), st.binary(max_size=50)), max_size=8
    ),
    st.lists(st.integers(1, 30)),
    st.lists(st.integers(1, 30)),
)
def test_frames_are_cut_as_they_leave_and_given_out_as_they_arrive(
    sent: list[tuple[int, int, bytes]], leaving: list[int], arriving: list[int]
) -> None:
    stream = b"".join(frame_bytes(*each) for each in sent)
    ends = [sum(len(frame_bytes(*each)) for each in sent[: k + 1]) for k in range(len(sent))]
    reader, left, at = FrameReader(4096), [], 0
    for size in [*leaving, len(stream)]:
        left += [tuple(each) for each in reader.foresee(stream[at : at + size])]
        at = min(at + size, len(stream))
        assert left == sent[: sum(end <= at for end in ends)]
        assert reader.next() is None
    found, arrived = [], 0
    for size in [*arriving, len(stream)]:
        more = min(size, len(stream) - arrived)
        reader.arrive(more)
        arrived += more
        while (got := reader.next()) is not None:
            found.append(tuple(got))
        assert found == sent[: sum(end <= arrived for end in ends)]
    assert found == left == sent


def test_a_frame_may_be_as_large_as_agreed() -> None:
    reader = FrameReader(4096)
    reader.feed(frame_bytes(3, 1, b"x" * 4096))
    assert reader.next() is not None
    reader.feed(frame_bytes(3, 1, b"x" * 4097)[:7])
    with pytest.raises(BrokenFrameError, match="frame_too_large,4097,4088"):
        reader.next()


@given(st.binary(max_size=20_000), st.sampled_from((0, 4096, 5000)))
def test_a_body_is_cut_to_the_frames_agreed(body: bytes, frame_max: int) -> None:
    pieces = list(content_frames(7, b"header", body, frame_max))
    assert pieces[0] == frame_bytes(2, 7, b"header")
    assert all(len(piece) <= (frame_max or 10**9) for piece in pieces)
    assert b"".join(piece[7:-1] for piece in pieces[1:]) == body
    assert len(pieces) - 1 == -(-len(body) // (frame_max - 8 if frame_max else len(body) or 1))


def test_pamqp_takes_our_frames() -> None:
    data = frame_bytes(1, 3, write_method(made(commands.Queue.PurgeOk, message_count=9)))
    used, channel, read = frame.unmarshal(data)
    assert (used, channel, read.message_count) == (len(data), 3, 9)  # type: ignore[union-attr]


# One number of each of AMQP's types, as a client may put it on the wire.
NUMBERS = b"".join(
    write_short(letter) + letter.encode() + struct.pack(form, value)
    for letter, form, value in (
        ("b", ">b", -5),
        ("B", ">B", 200),
        ("s", ">h", -300),
        ("u", ">H", 60000),
        ("I", ">i", -70000),
        ("i", ">I", 4000000000),
        ("l", ">q", 7),
        ("f", ">f", 0.1),
        ("d", ">d", 0.1),
    )
)


def test_numbers_keep_their_types() -> None:
    nested = write_short("F") + b"F" + struct.pack(">I", len(NUMBERS)) + NUMBERS
    whole = NUMBERS + nested
    data = struct.pack(">I", len(whole)) + whole
    table, _ = read_table(data, 0)
    assert (table["b"], table["u"], table["l"], table["I"]) == (-5, 60000, 7, -70000)
    assert write_table(table) == data
    # RabbitMQ reads L as l.
    assert write_table(read_table(b"\0\0\0\x0b\1xL" + struct.pack(">q", -2), 0)[0]) == (
        b"\0\0\0\x0b\1xl" + struct.pack(">q", -2)
    )
