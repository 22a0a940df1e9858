"""What all tests share: the real RabbitMQ, fixed randomness, and no silent skip in CI."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.outside import in_ci, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.servers import RealBroker

pytest_plugins = ["pytester"]

# Figures are drawn without a display, whatever the machine has.
os.environ["MPLBACKEND"] = "Agg"

# What a shell starts in the background ignores Ctrl-C, and so would everything that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Two noisy cores make deadlines lie. In CI the examples are the same at every run; elsewhere they explore.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if in_ci() else "here")


@pytest.fixture(scope="session")
def real_rabbitmq() -> Iterator[RealBroker]:
    """A real RabbitMQ of this machine's own release on 127.0.0.1, at `.port`; it goes when the tests end.

    Mark what uses it with `@pytest.mark.xdist_group("rabbitmq")`, so that one process starts it, once.
    """
    if os.name != "posix":
        missing("the tests against a real RabbitMQ need Debian's rabbitmq-server, on Linux")
    from tests.conformance.servers import INSTALL_HINT, RealBroker

    if not RealBroker.available():
        missing(INSTALL_HINT)
    with RealBroker(version="") as broker:
        yield broker


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure, however it came to be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter else 0
    if in_ci() and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{skipped} skipped: in CI nothing may be skipped", red=True)
