from __future__ import annotations

from collections.abc import Iterator

import pytest

from mqsim.guest.carriage import Carry
from mqsim.guest.forkserver import ForkServer
from mqsim.guest.inprocess import InProcess

# Programs that are run by tests, not read by pytest in search of doctests.
collect_ignore = ["tutorials", "pairs"]


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture(params=["in process", "process"])
def carry(request: pytest.FixtureRequest, fork_server: ForkServer) -> Carry:
    return InProcess if request.param == "in process" else fork_server
