from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.viz.handmade import crash_trace

if TYPE_CHECKING:
    from mqsim.trace import Trace


@pytest.fixture
def crash() -> Trace:
    return crash_trace()
