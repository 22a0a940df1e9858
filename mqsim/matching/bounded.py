"""Queues that lose messages: bounded room, with and without retries, and patience."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.distributions import Constant, Exponential
from mqsim.matching.records import Match, Shifted
from mqsim.matching.work import plain
from mqsim.theory import Queue, erlang_b, mmc_deadline, mmc_patience, mmc_retrial, mmck

if TYPE_CHECKING:
    from mqsim.matching.setting import Setting
    from mqsim.scenario import Retry

UNLIMITED = 1000
"""As many retries as this pass for any number of them."""


def bounded_match(setting: Setting) -> Match:
    """The match of a queue with `max_length`."""
    stream, staff, work = setting.stream, setting.staff, setting.work
    limit = setting.spec.max_length
    assert limit is not None
    if limit == 0 and setting.spec.overflow != "drop-head":
        return setting.none(
            "With max_length 0 and reject-publish the broker refuses every message, even while a consumer "
            "is free; with drop-head it loses only those that find none (Erlang's loss formula)."
        )
    if stream.kind != "poisson":
        return setting.none(f"{stream.says} Bounded room has a formula here for Poisson arrivals only.")
    if staff.line != "shared":
        return setting.none(
            "Bounded room has a formula here without latency, and where all consumers share one line."
        )
    room = limit + _in_hand(setting)
    counted = (
        f"max_length counts ready messages alone; with the {room - limit} in the consumers' hands there is "
        f"room for {room}."
    )
    retry = _retry(setting)
    if isinstance(retry, str):
        return setting.none(retry)
    if limit == 0 and not work.exponential and setting.plain_line and retry is None:
        return _erlang_b(setting, counted)
    if not work.exponential:
        return setting.none(
            "Bounded room has a formula here for exponential work only, or for none (max_length: 0)."
        )
    if retry is not None:
        return _retrial(setting, room, retry, counted)
    rejecting = setting.spec.overflow != "drop-head"
    overflow = "reject" if rejecting else "drop-head"
    queue = mmck(stream.rate, 1.0 / work.mean, staff.servers, room, "reject" if rejecting else "drop-head")
    values = _served(setting, queue) | {"loss": queue.p_loss}
    values["in_system.mean"] = queue.mean_in_system
    if setting.plain_line:
        values["depth.mean"] = queue.mean_waiting
    elif not rejecting and room > staff.servers:
        # Only ready messages are dropped; the formula would also drop those that wait at the consumer's side.
        for name in ("wait.mean", "sojourn.mean", "p_wait"):
            del values[name]
    who = "the new one is refused" if rejecting else "the oldest is dropped"
    why = f"{stream.says.rstrip('.')}, exponential work, and when there is no room {who} ({overflow})."
    return setting.match(queue, values, _known(queue), why, counted)


def _in_hand(setting: Setting) -> int:
    """How many messages consumers hold when all of them are busy, at work or waiting at their side."""
    spec, servers = setting.staff.spec, setting.staff.servers
    return servers * (spec.prefetch + (spec.ack == "early"))


def _retry(setting: Setting) -> Retry | str | None:
    """How refused messages are published again; None if they are not; or why that has no formula."""
    specs = setting.producers
    if setting.spec.overflow == "drop-head":
        return None
    retries = [spec.retry if spec.retry is not None and "nack" in spec.retry.on else None for spec in specs]
    if all(retry is None for retry in retries):
        return None
    first = retries[0]
    if first is None or any(retry is None or repr(retry) != repr(first) for retry in retries):
        return "Producers differ in how they retry what is refused."
    if setting.spec.overflow != "reject-publish":
        return "What is refused is both dead-lettered and published again."
    if not isinstance(plain(first.delay), Exponential) or first.factor != 1.0:
        return "Retries have a formula here for exponential delays that do not grow."
    if first.limit < UNLIMITED:
        return (
            f"Producers give up after {first.limit} retries; there is a formula here for those that never do."
        )
    return first


def _retrial(setting: Setting, room: int, retry: Retry, counted: str) -> Match:
    stream, staff, work = setting.stream, setting.staff, setting.work
    if stream.rate * work.mean >= staff.servers:
        return setting.none(
            "There is no steady state: more work comes than can be done, and nothing is given up."
        )
    queue = mmc_retrial(stream.rate, 1.0 / work.mean, staff.servers, room, 1.0 / retry.delay.mean)
    values = {
        "wait.mean": queue.mean_queued,
        "sojourn.mean": queue.mean_sojourn,
        "throughput": stream.rate,
        "utilisation": queue.utilisation,
        "depth.mean": stream.rate * queue.mean_queued,
        "in_system.mean": stream.rate * (queue.mean_queued + work.mean),
    }
    why = "Poisson arrivals, exponential work, and what is refused comes back after an exponential delay."
    return setting.match(queue, values, {}, why, counted)


def _erlang_b(setting: Setting, *why: str) -> Match:
    stream, staff, work = setting.stream, setting.staff, setting.work
    lost = erlang_b(staff.servers, stream.rate * work.mean)
    served = stream.rate * (1.0 - lost)
    values = {
        "wait.mean": 0.0,
        "sojourn.mean": work.mean,
        "throughput": served,
        "utilisation": served * work.mean / staff.servers,
        "loss": lost,
        "depth.mean": 0.0,
        "in_system.mean": served * work.mean,
    }
    says = (
        "Nothing waits: a message is served at once or lost, and Erlang's loss formula holds for any law of "
        "work."
    )
    return setting.match(None, values, {}, says, *why, model=f"M/G/{staff.servers}/{staff.servers}")


def impatient_match(setting: Setting) -> Match:
    """The match of a queue whose messages expire (`message_ttl`, or the producers' `expiration`)."""
    stream, staff, work = setting.stream, setting.staff, setting.work
    ttl = setting.spec.message_ttl
    laws = {plain(spec.expiration) for spec in setting.producers if spec.expiration is not None}
    alike = len(laws) + (ttl is not None) == 1 and (
        ttl is not None or all(s.expiration for s in setting.producers)
    )
    if not alike:
        return setting.none("Its messages differ in how long they wait before they expire.")
    if stream.kind != "poisson" or not setting.plain_line:
        return setting.none(
            "Messages that expire have a formula here for Poisson arrivals, prefetch 1 and no latency."
        )
    if ttl == 0:
        return _erlang_b(setting, "What is not served at once expires at once (message_ttl: 0).")
    if not work.exponential:
        return setting.none("Messages that expire have a formula here for exponential work only.")
    law = Constant(ttl) if ttl is not None else laws.pop()
    rate = 1.0 / work.mean
    if isinstance(law, Constant):
        queue = mmc_deadline(stream.rate, rate, staff.servers, law.mean)
        values = {"depth.mean": queue.mean_waiting, "in_system.mean": queue.mean_in_system}
        why = f"Poisson arrivals, exponential work, and a patience of {law.mean:g} s."
    elif isinstance(law, Exponential):
        queue = mmc_patience(stream.rate, rate, staff.servers, 1.0 / law.mean)
        values = {}
        why = (
            "Poisson arrivals, exponential work, exponential patience. An expired message leaves only when "
            "it comes to the head, so there are more in the queue than the formula counts; the served don't "
            "notice."
        )
    else:
        return setting.none("Expirations have a formula here when they are constant or exponential.")
    values = _served(setting, queue) | {"loss": queue.p_abandon} | values
    return setting.match(queue, values, _known(queue), why)


def _served(setting: Setting, queue: Queue) -> dict[str, float]:
    return {
        "wait.mean": queue.mean_wait,
        "sojourn.mean": setting.sending + queue.mean_sojourn,
        "p_wait": queue.p_wait,
        "throughput": queue.throughput,
        "utilisation": queue.utilisation,
    }


def _known(queue: Queue) -> dict[str, Shifted]:
    known = {"wait": queue.wait_law, "sojourn": queue.sojourn_law}
    return {name: Shifted(law) for name, law in known.items() if law is not None}
