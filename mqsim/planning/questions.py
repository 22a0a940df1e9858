"""The questions that engineers ask, each with the command that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from mqsim.errors import UsageError


@dataclass(frozen=True)
class Question:
    """A question and how it is asked.

    Attributes:
        number: from 1.
        asks: the question, as an engineer says it.
        command: what follows `mqsim`; it runs as it stands, from its presets and flags alone.
        mind: what to change for one's own case, or to watch for.
    """

    number: int
    asks: str
    command: str
    mind: str


_LOAD = "--rate 250/s --work 40ms"
_ASKED: tuple[tuple[str, str, str], ...] = (
    (
        "How many consumers for a p99?",
        f'plan size {_LOAD} --workers 1..40 --target "p99 < 200ms"',
        "Give your own rate, mean work and limit; --cv says how much the work varies.",
    ),
    (
        "Which prefetch?",
        "plan prefetch --rate 300/s --work 10ms --latency 5ms --workers 6",
        "The latency is one way; with none, prefetch 1 keeps messages where anybody free can take them.",
    ),
    (
        "How long until the backlog is gone?",
        "plan drain --backlog 100k --rate 200/s --work 40ms --workers 12",
        "Add --within 10min and a range of workers to ask how many it takes.",
    ),
    (
        "What if a worker dies?",
        "plan what-if --rate 25/s --work 100ms --workers 4 --kill worker-2@60:60",
        "NAME@TIME:DOWN; without DOWN it never comes back.",
    ),
    (
        "What does a burst do?",
        "plan what-if --rate 20/s --work 100ms --workers 3 --burst x2@60:30",
        "xFACTOR@TIME:FOR.",
    ),
    (
        "What if the work takes three times as long?",
        "plan what-if --rate 10/s --work 100ms --workers 2 --slow worker*3@60:60",
        "NAME*FACTOR@TIME:FOR; think of a database that is slow.",
    ),
    (
        "What if the broker, or a queue's leader, fails?",
        "plan what-if quorum-failover --change faults=[] --measure flows.max",
        "Here the future without the fault is the change; on your own scenario write --kill broker-1@60:10.",
    ),
    (
        "How long until an alarm or a full queue?",
        "plan size burst --vary broker.queues.tasks.max_length=100..600:100 --target 'tasks.overflow > 4min'",
        "overflow is the time until the first message is dropped or refused, in every run; alarm is the time "
        "until a memory or disk alarm.",
    ),
    (
        "Is anything lost with these settings?",
        "plan what-if worker-crash --change consumers.worker.ack=auto --target 'lost == 0'",
        "Compare manual with automatic acknowledgement under the same crash.",
    ),
    (
        "What does a poison message do?",
        "plan what-if poison --change consumers.worker.fails.attempts=1 --measure redelivered",
        "attempts, or a delivery limit on a quorum queue, ends the loop.",
    ),
    (
        "Will retries become a storm?",
        "plan what-if retry-storm --change producers.web.retry=null --measure refused --measure flows.p99",
        "Retries add load just when there is too much of it; compare without them.",
    ),
    (
        "What does the autoscaler do?",
        "plan what-if --rate 20/s --work 100ms --workers 3 --burst x3@60:120 --duration 20min --change "
        "'consumers.worker.autoscale={keda: {target: 20, min: 1, max: 12, start_delay: 20}}' "
        "--measure p99 --measure worker.staff --measure worker.flaps",
        "It copies KEDA and Kubernetes (hpa), or AWS (target_tracking). flaps counts how often it turns, "
        "staff is how many consumers run on average; a longer scale_down.window makes it turn less often.",
    ),
    (
        "What is the highest rate that lasts?",
        "plan size --rate 250/s --work 40ms --workers 12 --highest --target 'p99 < 200ms' --vary "
        "producers.sender.arrivals.poisson.rate=100..299",
        "Watch the p99: it rises long before the queue is unstable.",
    ),
    (
        "What is cheapest for a promise?",
        f'plan size {_LOAD} --workers 1..30 --vary consumers.worker.speed=1..3 --target "p99 < 150ms" '
        "--cost 'consumers.worker.count*1 + consumers.worker.speed*4'",
        "Give each knob its price.",
    ),
    (
        "What do a time to live and a maximal length cost?",
        "plan sweep --rate 100/s --work 40ms --workers 4 --vary broker.queues.tasks.message_ttl=0.1,0.5,2 "
        "--measure misses --duration 10min --as-written",
        "What expires or is dropped is a miss.",
    ),
    (
        "One queue, or many?",
        "plan what-if --rate 80/s --work 40ms --workers 4 --change consumers.worker.prefetch=0",
        "Prefetch 0 deals messages out in turn, as if every worker had a queue of its own.",
    ),
    (
        "What is the price of order?",
        "plan what-if --rate 20/s --work 40ms --workers 4 --change "
        "broker.queues.tasks.single_active_consumer=true",
        "One consumer keeps the order and does all the work.",
    ),
    (
        "Does anybody starve?",
        "plan what-if unequal-workers --change consumers.worker.prefetch=20 --measure flows.p99",
        "A large prefetch leaves messages with slow workers.",
    ),
    (
        "What does a rolling restart do?",
        "plan what-if rolling-restart --change faults=[] --measure flows.max",
        "Compare with no restart at all.",
    ),
    (
        "What if a task takes longer than the acknowledgement timeout?",
        "plan what-if --rate 1/s --work 500ms --cv 3 --workers 2 --duration 10min --set "
        "broker.profile='\"3.10\"' --change broker.consumer_timeout=2 --measure redelivered",
        "The broker closes the channel and sends the message again, for ever if it always takes so long.",
    ),
)


def questions() -> list[Question]:
    """Twenty questions, each with a command that runs as it stands."""
    return [Question(number, *each) for number, each in enumerate(_ASKED, 1)]


def find(words: str) -> list[Question]:
    """The questions with a number or with all of some words; all of them if nothing is given.

    Raises:
        UsageError: none has.
    """
    every = questions()
    if words.strip().isdecimal():
        found = [one for one in every if one.number == int(words)]
    else:
        sought = words.lower().split()
        found = [one for one in every if all(word in f"{one.asks} {one.mind}".lower() for word in sought)]
    if not found:
        raise UsageError(
            f"questions {words}: there is no such question; give a number from 1 to {len(every)}."
        )
    return found
