"""What to do about a program outside of Python that a test needs and does not find."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

PATIENCE = 300.0
"""Seconds to wait for what must come, be it an answer or the end of a program that a test started.

No test judges how fast a machine is: at twenty times the load of a quiet one all of this still comes.
"""


def in_ci() -> bool:
    """Whether this is the continuous integration, where every outside program is installed first."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def missing(hint: str) -> NoReturn:
    """End the test: skipped on somebody's machine, with a line that says how to get it; failed in CI.

    Args:
        hint: how to get the program, such as `apt-get install rabbitmq-server`.
    """
    if in_ci():
        pytest.fail(f"CI must install what its tests need: {hint}", pytrace=False)
    pytest.skip(hint)
