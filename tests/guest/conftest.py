from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqsim.guest.carriers.fork_server import ForkServer
from mqsim.guest.carriers.in_process import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.guest.carriers.carrier import CarrierFactory


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture(params=["in process", "process"])
def carry(request: pytest.FixtureRequest, fork_server: ForkServer) -> CarrierFactory:
    return InProcess if request.param == "in process" else fork_server
