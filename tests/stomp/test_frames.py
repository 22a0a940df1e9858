"""Frames in bytes: the specification's examples, pieces of any size, and bytes that are none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.stomp.frames import BrokenFrameError, Frame, FrameReader, escaped, unescaped, written


def read(*pieces: bytes) -> list[Frame]:
    """The frames in a stream that comes in these pieces."""
    reader, found = FrameReader(), []
    for piece in pieces:
        reader.foresee(piece)
        reader.arrive(len(piece))
        while (frame := reader.next()) is not None:
            found.append(frame)
    return found


def plain(frames: list[Frame]) -> list[tuple[str, list[tuple[str, str]], bytes]]:
    return [(frame.command, frame.headers, frame.body) for frame in frames]


# From the specification of STOMP 1.2, but for the names of hosts; ^@ is NUL there.
EXAMPLES = {
    "CONNECT\naccept-version:1.0,1.1,2.0\nhost:stomp.example.org\n\n\0": (
        "CONNECT",
        [("accept-version", "1.0,1.1,2.0"), ("host", "stomp.example.org")],
        b"",
    ),
    "SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\n\0": (
        "SEND",
        [("destination", "/queue/a"), ("content-type", "text/plain")],
        b"hello queue a\n",
    ),
    "SUBSCRIBE\nid:0\ndestination:/queue/foo\nack:client\n\n\0": (
        "SUBSCRIBE",
        [("id", "0"), ("destination", "/queue/foo"), ("ack", "client")],
        b"",
    ),
    "ACK\nid:12345\ntransaction:tx1\n\n\0": ("ACK", [("id", "12345"), ("transaction", "tx1")], b""),
    "MESSAGE\nfoo:World\nfoo:Hello\n\n\0": ("MESSAGE", [("foo", "World")], b""),
    "DISCONNECT\r\nreceipt:77\r\n\r\n\0\n": ("DISCONNECT", [("receipt", "77")], b""),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_specifications_examples(text: str) -> None:
    assert plain(read(text.encode())) == [EXAMPLES[text]]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
headers = st.lists(st.tuples(texts, texts), max_size=5, unique_by=lambda pair: pair[0]).filter(
    lambda pairs: all(name != "content-length" for name, _ in pairs)
)
frames = st.tuples(st.text("ABCDEFXYZ", min_size=1, max_size=12), headers, st.binary(max_size=40))


@given(st.lists(frames, max_size=4), st.data())
def test_what_is_written_is_read_however_it_is_cut(
    sent: list[tuple[str, list[tuple[str, str]], bytes]], data: st.DataObject
) -> None:
    stream = b"".join(written(*frame) for frame in sent)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(cuts)]
    expected = [
        (command, pairs + [("content-length", str(len(body)))] * bool(body), body)
        for command, pairs, body in sent
    ]
    assert plain(read(*pieces)) == expected


@given(st.lists(frames, min_size=1, max_size=3))
def test_frames_are_foreseen_and_come_when_their_last_byte_does(
    sent: list[tuple[str, list[tuple[str, str]], bytes]],
) -> None:
    stream = [written(*frame) for frame in sent]
    reader = FrameReader()
    assert len(reader.foresee(b"".join(stream))) == len(sent)
    for data in stream:
        # The last byte is the line feed behind the frame.
        reader.arrive(len(data) - 2)
        assert reader.next() is None
        reader.arrive(1)
        assert reader.next() is not None
        reader.arrive(1)


@given(texts)
def test_escapes_come_back(text: str) -> None:
    out = escaped(text)
    assert not set(out) & set("\n\r:")
    assert unescaped(out.encode()).decode() == text


@pytest.mark.parametrize(
    "data",
    [
        b"SEND\nno colon\n",
        b"SEND\nk:\\t\n",
        b"SEND\nk:\\\n",
        b"SE\rND\n",
        b"SEND\nk:a\rb",
        b"SEND\ncontent-length:x\n\n",
        b"SEND\ncontent-length:-1\n\n",
        b"SEND\ncontent-length:99999999999999999999\n\n",
        b"SEND\ncontent-length:1\n\nab",
    ],
)
def test_what_is_no_frame_ends_the_stream_after_the_frames_before_it(data: bytes) -> None:
    reader = FrameReader()
    before = b"BEGIN\n\n\0"
    reader.foresee(before + data + before)
    reader.arrive(len(before + data + before))
    first = reader.next()
    assert first is not None
    assert first.command == "BEGIN"
    with pytest.raises(BrokenFrameError):
        reader.next()


def test_a_head_has_an_end() -> None:
    reader = FrameReader()
    for _ in range(104):
        reader.foresee(b"x" * 10_000)
        reader.arrive(10_000)
        assert reader.next() is None
    reader.foresee(b"x" * 10_000)
    reader.arrive(10_000)
    with pytest.raises(BrokenFrameError):
        reader.next()


def test_a_version_1_0_frame_loses_spaces_before_its_values_alone() -> None:
    (frame,) = read(b"SEND\n a :  b c \n\n\0")
    assert frame.trimmed().headers == [(" a ", "b c ")]
