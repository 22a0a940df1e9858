from __future__ import annotations

import pytest

from tests.golden.make import COMMANDS, kept, printed


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_printed_is_what_was_read_and_kept(name: str) -> None:
    assert printed(COMMANDS[name]) == kept(name).read_text(encoding="utf-8")
