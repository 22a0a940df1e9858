"""Cases that differ in who serves: prefetch, latency, bounded room, patience."""

from __future__ import annotations

from mqsim import theory
from tests.validation.measuring import Case
from tests.validation.scenarios import QUICK, USUAL, one, poisson, told

LOSING = ("wait.mean", "sojourn.mean", "throughput", "utilisation", "loss", "in_system.mean", "depth.mean")


def consumers() -> list[Case]:
    held = theory.mg1(0.6, 1.2, 2 + 2 * 0.2 + 0.04)
    dealt = theory.gimc(0.6, theory.erlang_transform(3, 1 / 0.6), 1)
    dealt2 = theory.gimc(0.7, theory.erlang_transform(2, 1 / 0.7), 1)
    far = {"network": {"latency": 0.1}}
    twice = {"w": {"queue": "q", "speed": 2.0, "count": 2}}
    groups = {"w": {"queue": "q"}, "v": {"queue": "q", "count": 2}}
    return [
        Case(
            "speed 2: M/M/2",
            one(poisson(2.8), time=20_000, consumers=twice),
            told(theory.mmc(2.8, 2, 2), *USUAL),
        ),
        Case(
            "two groups alike: M/M/3",
            one(poisson(2.1), time=9_000, consumers=groups),
            told(theory.mmc(2.1, 1, 3), *QUICK),
        ),
        Case(
            "own service: M/D/2",
            one(poisson(1.4), count=2, consumer={"service": 1.0}, time=25_000),
            told(theory.mdc(1.4, 1, 2), *USUAL),
        ),
        Case(
            "one consumer, prefetch 10: M/M/1",
            one(poisson(0.6), consumer={"prefetch": 10}, time=40_000),
            told(theory.mm1(0.6, 1), *QUICK),
        ),
        Case(
            "single active consumer: M/M/1",
            one(poisson(0.6), count=3, queue={"single_active_consumer": True}, time=30_000),
            told(theory.mm1(0.6, 1), "sojourn.mean", "p_wait", "in_system.mean"),
        ),
        Case(
            "prefetch 0: three lines of E3/M/1",
            one(poisson(1.8), count=3, consumer={"prefetch": 0}, time=25_000),
            told(dealt, "wait.mean", "sojourn.mean", "p_wait", "utilisation", "sojourn.p99"),
        ),
        Case(
            "auto-ack and latency: two lines of E2/M/1, later",
            one(poisson(1.4), count=2, consumer={"ack": "auto"}, time=30_000, **far),
            {
                "wait.mean": dealt2.mean_wait + 0.1,
                "sojourn.mean": dealt2.mean_sojourn + 0.2,
                "sojourn.p99": dealt2.sojourn_percentile(0.99) + 0.2,
            },
        ),
        Case(
            "prefetch 1 and latency: M/(M+D)/1",
            one(poisson(0.6), time=70_000, **far),
            {
                "wait.mean": held.mean_wait + 0.1,
                "sojourn.mean": held.mean_wait + 1.2,
                "depth.mean": 0.6 * held.mean_wait,
                "in_system.mean": 0.6 * (held.mean_wait + 1.2),
                "utilisation": 0.6,
            },
        ),
        Case(
            "prefetch 1 and latency: M/D/2, held",
            one(poisson(1.2), 1.0, count=2, time=20_000, **far),
            {
                "wait.mean": theory.mdc(1.2, 1 / 1.2, 2).mean_wait + 0.1,
                "sojourn.mean": theory.mdc(1.2, 1 / 1.2, 2).mean_wait + 1.2,
                "sojourn.p99": theory.mdc(1.2, 1 / 1.2, 2).wait_percentile(0.99) + 1.2,
            },
        ),
        Case(
            "early, one consumer: M/M/1",
            one(poisson(0.6), consumer={"ack": "early"}, time=40_000),
            told(theory.mm1(0.6, 1), "sojourn.mean", "p_wait", "in_system.mean"),
        ),
    ]


LOSING = ("wait.mean", "sojourn.mean", "throughput", "utilisation", "loss", "in_system.mean", "depth.mean")


def losing() -> list[Case]:
    reject = {"overflow": "reject-publish"}
    lost = theory.erlang_b(3, 3.0)
    retry = {
        "confirms": {"window": 1000, "timeout": None},
        "retry": {"on": ["nack"], "delay": {"exponential": {"mean": 2.0}}, "limit": 100_000},
    }
    back = theory.mmc_retrial(0.6, 1, 1, 3, 0.5)
    patient = theory.mmc_patience(2.4, 1, 2, 0.5)
    return [
        Case(
            "M/M/1/4, the new one refused",
            one(poisson(0.9), queue={"max_length": 3} | reject, time=14_000),
            told(theory.mmck(0.9, 1, 1, 4), *LOSING, "p_wait", "sojourn.p99"),
        ),
        Case(
            "M/M/2/6 overloaded, refused",
            one(poisson(3), count=2, queue={"max_length": 4} | reject, time=3_000),
            told(theory.mmck(3, 1, 2, 6), *LOSING, "sojourn.p99"),
        ),
        Case(
            "M/M/2/6 overloaded, the head dropped",
            one(poisson(3), count=2, queue={"max_length": 4}, time=3_000),
            told(theory.mmck(3, 1, 2, 6, "drop-head"), *LOSING),
        ),
        Case(
            "M/M/1/5, the head dropped",
            one(poisson(0.9), queue={"max_length": 4}, time=25_000),
            told(theory.mmck(0.9, 1, 1, 5, "drop-head"), *LOSING),
        ),
        Case(
            "one consumer, prefetch 3: M/M/1/6",
            one(poisson(1.2), queue={"max_length": 3} | reject, consumer={"prefetch": 3}, time=16_000),
            told(theory.mmck(1.2, 1, 1, 6), "wait.mean", "sojourn.mean", "loss", "in_system.mean"),
        ),
        Case(
            "Erlang's loss, constant work",
            one(poisson(3), 1.0, count=3, queue={"max_length": 0}, time=4_000),
            {
                "loss": lost,
                "throughput": 3 * (1 - lost),
                "utilisation": 1 - lost,
                "in_system.mean": 3 * (1 - lost),
            },
        ),
        Case(
            "Erlang's loss, expiring at once",
            one(
                poisson(3),
                {"gamma": {"mean": 1.0, "cv": 1.5}},
                count=3,
                queue={"message_ttl": 0},
                time=4_000,
            ),
            {"loss": lost, "throughput": 3 * (1 - lost), "in_system.mean": 3 * (1 - lost)},
        ),
        Case(
            "M/M/2+D",
            one(poisson(2.4), count=2, queue={"message_ttl": 1.5}, time=4_000),
            told(theory.mmc_deadline(2.4, 1, 2, 1.5), *LOSING, "p_wait", "sojourn.p99"),
        ),
        Case(
            "M/M/1+D",
            one(poisson(0.9), queue={"message_ttl": 2}, time=12_000),
            told(theory.mmc_deadline(0.9, 1, 1, 2), *LOSING, "p_wait", "wait.p99"),
        ),
        Case(
            "M/M/2+M",
            one(poisson(2.4), count=2, producer={"expiration": {"exponential": {"mean": 2.0}}}, time=5_000),
            told(
                patient,
                "wait.mean",
                "sojourn.mean",
                "throughput",
                "utilisation",
                "loss",
                "p_wait",
                "sojourn.p99",
            ),
        ),
        Case(
            "M/M/1/3 with retrials",
            one(poisson(0.6), queue={"max_length": 2} | reject, producer=retry, time=25_000),
            {
                "wait.mean": back.mean_queued,
                "sojourn.mean": back.mean_sojourn,
                "throughput": 0.6,
                "utilisation": 0.6,
                "depth.mean": 0.6 * back.mean_queued,
            },
        ),
    ]
