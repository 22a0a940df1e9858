"""Recorded conversations: the broker, in virtual time and on a port, shows what RabbitMQ showed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.conformance import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.fuzz import Play

KEPT = sorted(fuzz.CONVERSATIONS.glob("*.json"))


@pytest.fixture(scope="module")
def on_a_port() -> Iterator[Play]:
    with ExitStack() as stack:
        yield fuzz.over_tcp(stack, "3.10")


def test_conversations_were_kept() -> None:
    assert len(KEPT) >= 5


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_the_broker_shows_what_the_real_one_showed(path: Path) -> None:
    steps, seen = fuzz.read(path)
    assert fuzz.ours(steps) == seen


@pytest.mark.xdist_group("conversations over TCP")
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_the_broker_on_a_port_does_as_well(path: Path, on_a_port: Play) -> None:
    steps, seen = fuzz.read(path)
    assert on_a_port(steps) == seen


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_conversation_is_written_as_the_fuzzer_writes_it(path: Path) -> None:
    steps, seen = fuzz.read(path)
    server = f"RabbitMQ {fuzz.server_of(path)}"
    assert fuzz.written({"server": server, "steps": steps, "seen": seen}) == path.read_text()
