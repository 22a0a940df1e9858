"""A real RabbitMQ: every message is worked on, and nothing is left behind, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from mqsim import planning
from mqsim.errors import UsageError
from mqsim.live import play as playing
from mqsim.live.address import Address
from mqsim.live.load import load_of
from mqsim.live.play import play
from mqsim.live.topology import Topology
from mqsim.scenario import Scenario
from tests.live.test_load import SHOP

if TYPE_CHECKING:
    from tests.conformance.servers import RealBroker

pytestmark = pytest.mark.xdist_group("rabbitmq")


def left(broker: RealBroker) -> list[str]:
    """Queues and exchanges of ours that are still there."""
    said = broker.ctl("list_queues", "name", "--silent") + broker.ctl("list_exchanges", "name", "--silent")
    return [line for line in said.splitlines() if "mqsim-calibrate" in line]


@pytest.fixture
def address(real_rabbitmq: RealBroker) -> Address:
    return Address.read(f"127.0.0.1:{real_rabbitmq.port}")


def test_every_message_is_worked_on_once_by_a_worker_of_its_queue(
    address: Address, real_rabbitmq: RealBroker
) -> None:
    scenario = Scenario.from_data(SHOP)
    load = load_of(scenario, 2.0)
    told: list[tuple[float, float]] = []
    played = play(load, Topology(scenario), address, lambda done, total: told.append((done, total)))
    sent = {f"{sender.name} {k}" for sender in load.senders for k in range(len(sender.sends))}
    assert played.published.keys() == sent
    assert sorted(each.message for each in played.handled) == sorted(sent)
    for each in played.handled:
        assert each.queue == "orders"
        assert each.created <= each.published <= each.started
        assert each.finished - each.started >= each.asked
    assert told[-1] == (load.messages, load.messages)
    assert played.left == []
    assert left(real_rabbitmq) == []


def test_calibration_compares_all_percentiles_and_fits_what_a_broker_takes(
    address: Address, real_rabbitmq: RealBroker
) -> None:
    answer = planning.calibrate(
        amqp=address.shown, rate="40/s", work="20ms", workers="2", play_for="2s", seed=3
    )
    assert list(answer.table["number"]) == [
        f"{what} p{p}" for what in ("wait", "sojourn") for p in (50, 95, 99)
    ]
    assert (answer.table["measured"] > 0).all()
    assert answer.state in ("met", "not met")
    fitted = answer.data["fitted"]
    assert fitted["network.latency"] > 0.0
    assert fitted["broker.costs.publish"] > 0.0
    assert answer.data["messages"]["sent"] == answer.data["messages"]["worked on"]
    assert any(
        note.startswith("PerfTest for the same load: perf-test --producers 1") for note in answer.notes
    )
    assert left(real_rabbitmq) == []


def test_ctrl_c_leaves_nothing_behind(address: Address, real_rabbitmq: RealBroker) -> None:
    command = [sys.executable, "-m", "mqsim.cli", "plan", "calibrate", "--amqp", address.shown]
    run = subprocess.Popen(
        [*command, "--rate", "50/s", "--work", "10ms", "--for", "60s"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not left(real_rabbitmq) and time.monotonic() < end:
            time.sleep(0.1)
        assert left(real_rabbitmq)
        os.kill(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=60)
    finally:
        if run.poll() is None:
            run.kill()
    assert run.returncode == 130
    assert said.count("\n") == 1
    assert left(real_rabbitmq) == []


@pytest.mark.parametrize("when", ["starting", "waiting"])
def test_a_failure_leaves_nothing_behind(
    when: str, address: Address, real_rabbitmq: RealBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError(when)

    monkeypatch.setattr(playing, {"starting": "_started", "waiting": "_await"}[when], fails)
    scenario = Scenario.from_data(SHOP)
    with pytest.raises(RuntimeError, match=when):
        play(load_of(scenario, 2.0), Topology(scenario), address)
    assert left(real_rabbitmq) == []


def test_what_rabbitmq_refuses_is_one_sentence(address: Address, real_rabbitmq: RealBroker) -> None:
    scenario = Scenario.from_data(SHOP)
    topology = Topology(scenario, "mqsim-calibrate-same-")
    connection = address.connect()
    connection.channel().queue_declare("mqsim-calibrate-same-orders", auto_delete=True)
    with pytest.raises(UsageError, match="RabbitMQ refuses the scenario's queues: PRECONDITION_FAILED"):
        play(load_of(scenario, 2.0), topology, address)
    connection.close()
    assert left(real_rabbitmq) == []


def test_nobody_at_an_address_is_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"no connection to a RabbitMQ at 127\.0\.0\.1:1 "):
        planning.calibrate(amqp="127.0.0.1:1", rate="5/s", work="10ms", play_for="1s")
