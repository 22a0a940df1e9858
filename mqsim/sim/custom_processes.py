"""A user's own SimPy processes beside, or instead of, a scenario's actors.

    def worker(world):
        while True:
            task = yield world.get("tasks")
            yield world.timeout(task.work)
            world.ack(task)

Who calls is found from SimPy's active process: each process that was handed to `process` has a name, a
connection and a lane in the trace of its own. Published messages, deliveries and acknowledgements travel over
the same links to the same broker.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import simpy

from mqsim.broker import Consumer as Subscription
from mqsim.broker import Envelope, Message
from mqsim.distributions import Constant
from mqsim.errors import UsageError
from mqsim.scenario import Scenario
from mqsim.sim.hop_kinds import Ack, Close, Nack, Publish, Reject, deliveries_to
from mqsim.sim.links import Hop
from mqsim.sim.process import Process
from mqsim.sim.world import World
from mqsim.trace import Actor, ProducerCounts
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from mqsim.sim.session import ReceivedDelivery, Session


@dataclass(frozen=True)
class Delivery:
    """A message in the hands of a process.

    Attributes:
        queue: where it came from.
        work: seconds of work that its producer gave it.
        body: whatever its producer put in.
        redelivered: whether someone had it before.
        row: its row in the table of messages.
    """

    queue: str
    work: float
    body: Any
    redelivered: bool
    row: int
    _message: Message
    _tag: int
    _attempt: int
    _session: Session


class CustomProcess(Process):
    """The process of a user, as the broker and the trace see it."""

    def __init__(self, world: World, name: str) -> None:
        group = name.rpartition("-")[0] if name.rpartition("-")[2].isdigit() else name
        super().__init__(world, name, Actor(group, "program"), Constant(1.0), 60.0)
        self.counts = ProducerCounts()
        self.process: simpy.Process | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self._waiting: dict[str, deque[simpy.Event]] = {}
        self._unsent: list[Callable[[Session], Hop]] = []

    def opened(self, session: Session) -> None:
        """At the client: the connection is there."""
        session.broker_known = True
        waiting, self._unsent = self._unsent, []
        for hop_over in waiting:
            session.up(hop_over(session))

    def disconnected(self) -> None:
        """What is awaited is asked for again on the next connection."""
        kept = [hop_over for hop_over in self._unsent if not isinstance(hop_over, Asking)]
        asked = [Asking(self, queue) for queue, events in self._waiting.items() for _ in events]
        self._unsent = [*kept, *asked]

    def send(self, hop_over: Callable[[Session], Hop]) -> None:
        """Send a hop to the broker, once there is a connection for it to go over."""
        session = self.session
        if session is not None and session.broker_known:
            session.up(hop_over(session))
        else:
            self._unsent.append(hop_over)

    def await_one(self, queue: str) -> simpy.Event:
        """An event that succeeds with the next delivery from a queue."""
        event = simpy.Event(self.clock)
        self._waiting.setdefault(queue, deque()).append(event)
        self.send(Asking(self, queue))
        return event

    def ask(self, session: Session, queue: str) -> None:
        """At the broker: let one more message go to this process."""
        if not session.broker_open:
            return
        self.world.broker.advance(self.clock._now)
        subscription = self._subscriptions.get(queue)
        if subscription is None or subscription.channel is not session.channel:
            session.channel.qos(1)
            tag = f"{self.name} {queue}"
            subscription = session.channel.consume(queue, deliveries_to(session, auto=False), tag=tag)
            self._subscriptions[queue] = subscription
        else:
            subscription.allow(1)

    def receive(self, delivery: ReceivedDelivery) -> None:
        """At the client: hand the message to who waits longest for one of its queue."""
        now, trace = self.clock._now, self.world.trace
        message, attempt = delivery.message, delivery.attempt
        trace.deliveries.received[attempt] = now
        trace.deliveries.started[attempt] = now
        if message.attempt == attempt:
            trace.messages.started[message.row] = now
        work = self.world.copies.work[message.row]
        queue = message.queue.name
        given = Delivery(
            queue,
            work,
            message.envelope.properties,
            message.redelivered,
            message.row,
            message,
            delivery.tag,
            attempt,
            delivery.session,
        )
        self._waiting[queue].popleft().succeed(given)

    def answer(self, given: Delivery, kind: type[Ack | Nack | Reject]) -> None:
        """Acknowledge or refuse a delivery."""
        given._session.up(Lower(self, given._session, given.queue))
        given._session.up(kind(given._session, given._tag))

    def lower(self, session: Session, queue: str) -> None:
        """At the broker: one of the messages that it may hold is answered."""
        subscription = self._subscriptions.get(queue)
        if subscription is not None and subscription.channel is session.channel:
            subscription.allow(-1)


class Ask(Hop):
    """A process asks the broker for one more message of a queue."""

    __slots__ = ("process", "queue", "session")

    def __init__(self, process: CustomProcess, session: Session, queue: str) -> None:
        self.process = process
        self.session = session
        self.queue = queue

    def arrive(self) -> None:
        """At the broker."""
        self.process.ask(self.session, self.queue)


class Lower(Ask):
    """A process has answered a message of a queue."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the broker."""
        self.process.lower(self.session, self.queue)


class Asking:
    """An `Ask` that waits for the connection that it is to go over."""

    def __init__(self, process: CustomProcess, queue: str) -> None:
        self._process = process
        self._queue = queue

    def __call__(self, session: Session) -> Hop:
        """The hop."""
        return Ask(self._process, session, self._queue)


class CustomWorld(World):
    """A world for a user's own SimPy processes.

    Args:
        scenario: queues, actors and faults that take part; by default there is only what `queues` names.
        queues: names of durable classic queues to declare besides.
        seed: instead of the scenario's.

    Attributes:
        env: SimPy's environment; use it as in any SimPy program.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        queues: list[str] | tuple[str, ...] = (),
        seed: int | None = None,
    ) -> None:
        declared: dict[str, object] = {name: {} for name in queues}
        if scenario is None:
            scenario = Scenario(name="own processes", duration=1.0, broker={"queues": declared})
        elif declared:
            scenario = scenario.with_({f"broker.queues.{name}": {} for name in declared})
        super().__init__(scenario, seed)
        self._processes: dict[str, CustomProcess] = {}
        self._by_process: dict[simpy.Process, CustomProcess] = {}

    @property
    def env(self) -> simpy.Environment:
        """SimPy's environment."""
        return self.clock

    @property
    def now(self) -> float:
        """Seconds from the start."""
        return float(self.clock._now)

    def timeout(self, seconds: float) -> simpy.Event:
        """An event that happens in `seconds`."""
        return self.clock.timeout(seconds)

    def process(self, generator: Generator[simpy.Event, Any, Any], name: str) -> simpy.Process:
        """Start a process under a name of its own, and connect it to the broker.

        Raises:
            UsageError: the name is taken, or what was given is no generator.
        """
        if not hasattr(generator, "send"):
            raise UsageError(
                f"process {name!r} is no generator: call the function, as in world.process(worker(world), "
                f"{name!r}), and have it yield."
            )
        if name in self.trace.cast:
            raise UsageError(f"{name!r} takes part already; every process needs a name of its own.")
        actor = self._processes[name] = CustomProcess(self, name)
        actor.start()
        actor.process = self.clock.process(self._lived(actor, generator))
        self._by_process[actor.process] = actor
        return actor.process

    def _lived(
        self, actor: CustomProcess, generator: Generator[simpy.Event, Any, Any]
    ) -> Generator[simpy.Event, Any, Any]:
        value = yield from generator
        session, actor.session = actor.session, None
        if session is not None:
            session.client_open = False
            session.up(Close(session))
        if actor.running:
            actor._end_life(EventKind.EXITED)
        self.finish_instant()
        return value

    def _caller(self) -> CustomProcess:
        process = self.clock.active_process
        actor = None if process is None else self._by_process.get(process)
        if actor is None:
            raise UsageError(
                "publish, get and ack are called from inside a process that was started "
                "with world.process(…)."
            )
        if not actor.running:
            raise UsageError(f"{actor.name} has crashed and has no connection any more; start a new process.")
        return actor

    def publish(
        self,
        to: str,
        *,
        key: str | None = None,
        work: float = 0.0,
        body: object = None,
        size: int = 1000,
        persistent: bool = True,
    ) -> None:
        """Publish a message to a queue, or with `key` to an exchange, as the process that calls."""
        actor = self._caller()
        counts = self.trace.counts.setdefault(actor.name, actor.counts)
        exchange, routing = ("", to) if key is None else (to, key)
        queue = self.trace.queues.code(to) if key is None and to in self.broker.queues else -1
        row = self.copies.new(actor.code, counts.created, queue, self.now, work)
        counts.created += 1
        counts.published += 1
        self.trace.messages.published[row] = self.now
        envelope = Envelope(exchange, routing, size=size, persistent=persistent, properties=body)
        message = Message(envelope, row)
        actor.send(lambda session: Publish(session, message))
        self.finish_instant()

    def get(self, queue: str) -> simpy.Event:
        """An event whose value is the next `Delivery` from a queue.

        Raises:
            UsageError: there is no such queue.
        """
        if queue not in self.broker.queues:
            raise UsageError(
                f"there is no queue {queue!r}; there are {', '.join(self.broker.queues) or 'none'}."
            )
        actor = self._caller()
        actor.cast.queue = queue
        actor.cast.role = "consumer"
        event = actor.await_one(queue)
        self.finish_instant()
        return event

    def ack(self, delivery: Delivery) -> None:
        """Acknowledge a delivery: its work is done."""
        actor = self._caller()
        message, attempt = delivery._message, delivery._attempt
        self.trace.deliveries.finished[attempt] = self.now
        if message.attempt == attempt and self.copies.is_open(message.row):
            self.trace.messages.finished[message.row] = self.now
        actor.answer(delivery, Ack)
        self.finish_instant()

    def nack(self, delivery: Delivery, *, requeue: bool = True) -> None:
        """Refuse a delivery: back to its queue, or for good."""
        self._caller().answer(delivery, Nack if requeue else Reject)
        self.finish_instant()

    def crash(self, name: str) -> None:
        """Crash a process: its connection ends, and SimPy's Interrupt is thrown into it where it waits.

        Raises:
            UsageError: there is no such process, or it has ended.
        """
        actor = self._processes.get(name)
        if actor is None or actor.process is None or not actor.running:
            running = [other for other, actor in self._processes.items() if actor.running]
            raise UsageError(f"no process {name!r} runs; there are {', '.join(running) or 'none'}.")
        if actor.process is self.clock.active_process:
            raise UsageError(f"{name} can't crash itself; let another process do it, or return.")
        actor.crash()
        if actor.process.is_alive:
            actor.process.defused = True
            actor.process.interrupt("crashed")
        self.finish_instant()
