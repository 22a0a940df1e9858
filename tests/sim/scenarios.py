"""The scenarios that the world is held to: written once, run by several tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sim.small import scenario

if TYPE_CHECKING:
    from mqsim.api import Scenario


def exponential(mean: float) -> dict[str, Any]:
    return {"exponential": {"mean": mean}}


def poisson(rate: float, messages: int, **more: Any) -> dict[str, Any]:
    return {"arrivals": {"poisson": {"rate": rate}}, "messages": messages, **more}


def served(
    rate: float, mean: float, workers: int = 1, *, messages: int = 2000, constant: bool = False
) -> Scenario:
    """Poisson arrivals at `rate`, `workers` with exponential (or constant) work of that mean."""
    work: Any = mean if constant else exponential(mean)
    return scenario(producer=poisson(rate, messages), work=work, consumer={"count": workers})


def tandem(messages: int = 2000) -> Scenario:
    """Two queues in a row, work drawn anew at each."""
    return scenario(
        producer=poisson(1, messages),
        queues={"second": {}},
        consumers={
            "first": {"queue": "tasks", "service": exponential(0.5), "publish": [{"to": "second"}]},
            "last": {"queue": "second", "service": exponential(0.4)},
        },
    )


def fan_out(messages: int = 2000) -> Scenario:
    """Each message goes to two queues, and is done when both parts are."""
    return scenario(
        exchanges={"both": {"type": "fanout"}},
        queues={"left": {}, "right": {}},
        bindings=[{"exchange": "both", "queue": "left"}, {"exchange": "both", "queue": "right"}],
        producer=poisson(0.5, messages, to={"exchange": "both"}),
        consumers={
            "lefty": {"queue": "left", "service": exponential(1)},
            "righty": {"queue": "right", "service": exponential(1)},
        },
    )


def retried(messages: int = 2000) -> Scenario:
    """What fails rests for a second in a queue without consumers and comes back."""
    return scenario(
        queue={"dead_letter": {"exchange": "", "key": "rest"}},
        queues={"rest": {"message_ttl": 1, "dead_letter": {"exchange": "", "key": "tasks"}}},
        producer=poisson(2, messages),
        work=exponential(0.1),
        consumer={"fails": {"probability": 0.3, "then": "reject"}},
    )


def closed_loop(messages: int = 2000) -> Scenario:
    """Five users who think for a second on average."""
    closed = {"closed": {"users": 5, "think": exponential(1)}}
    return scenario(producer={"arrivals": closed, "messages": messages}, work=exponential(0.5))


def request_and_reply(messages: int = 3) -> Scenario:
    """A server answers each request; all links take 10 ms."""
    return scenario(
        queues={"replies": {}},
        producer={"arrivals": {"every": 1}, "messages": messages},
        consumers={
            "server": {"queue": "tasks", "service": 0.2, "publish": [{"to": "replies"}]},
            "client": {"queue": "replies", "service": 0.05},
        },
        network={"latency": 0.01},
    )


def bursts(messages: int = 2000) -> Scenario:
    """A calm of 2 messages a second and bursts of 12, a tenth of the time."""
    mmpp = {"mmpp": {"rates": [2, 12], "switch": [0.2, 1.8]}}
    return scenario(producer={"arrivals": mmpp, "messages": messages}, work=exponential(0.2))


def batches(messages: int = 2000) -> Scenario:
    """Batches of one or three messages, once in two seconds."""
    sizes = {"discrete": {"values": [1, 3], "weights": [1, 1]}}
    every = {"batches": {"every": exponential(2), "size": sizes}}
    return scenario(producer={"arrivals": every, "messages": messages}, work=exponential(0.5))


def slowing(messages: int = 2400) -> Scenario:
    """Work of 10 ms that slows to 30 ms over 20 minutes and back."""
    factor = [[0, 1], [1200, 3], [2400, 1]]
    producer = {"arrivals": {"every": 1}, "messages": messages}
    return scenario(producer=producer, work=0.01, consumer={"factor": factor})


def split(by: dict[str, Any], messages: int = 2000) -> Scenario:
    """One stream over four queues with a worker each."""
    names = [str(k) for k in range(4)]
    return scenario(
        queues={name: {} for name in names},
        producer=poisson(2, messages, to={"exchange": "", "key": by}),
        work=exponential(1),
        consumers={f"worker{name}": {"queue": name} for name in names},
    )


def backlog(work: Any = 0.1) -> Scenario:
    """500 messages wait for four workers."""
    return scenario(
        queue={"ready": 500},
        producer={"messages": 1, "arrivals": {"at": [0]}},
        work=work,
        consumer={"count": 4},
    )


def always_full(prefetch: int) -> Scenario:
    """There is always a message for a worker that is 50 ms away and needs 20 ms."""
    return scenario(
        producer={"arrivals": {"saturate": {"ready": 20}}},
        work=0.02,
        consumer={"prefetch": prefetch},
        network={"links": [{"between": ["worker", "broker"], "latency": 0.05}]},
        duration=21,
    )


def autoscaled(messages: int = 2000) -> Scenario:
    """A wave of messages, and as many workers as its backlog asks for, looked at every 5 s."""
    wave = {"profile": {"points": [[0, 1], [100, 30], [200, 1]], "shape": "linear", "law": "poisson"}}
    scale = {"every": 5, "backlog_per": 20, "min": 1, "max": 8, "stop": "kill"}
    return scenario(
        producer={"arrivals": wave, "messages": messages},
        work=exponential(0.3),
        consumer={"autoscale": scale},
        duration=400,
    )


SCENARIOS = {
    "M/M/1": served(1, 0.5),
    "M/M/3": served(3, 0.6, 3),
    "tandem": tandem(),
    "fan-out": fan_out(),
    "retry": retried(),
    "closed loop": closed_loop(),
    "request and reply": request_and_reply(200),
    "bursts": bursts(),
    "batches": batches(),
    "slowing": slowing(),
    "random split": split({"choice": ["0", "1", "2", "3"]}),
    "hash split": split({"hash": 4}),
    "backlog": backlog(),
    "always full": always_full(3),
    "autoscaled": autoscaled(),
}
