from __future__ import annotations

import pytest

from mqsim.trace import Trace
from tests.viz.handmade import crash_trace


@pytest.fixture
def crash() -> Trace:
    return crash_trace()
