"""The broker as a host: its connections, what its work costs, how it stops, is killed and comes back."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from mqsim.errors import BrokerError, ConnectionError, NoAnswerError
from mqsim.sim.hop_kinds import Blocked, Closed
from mqsim.sim.links import Cost, Deferred, Hop, Wire
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator, Sequence

    import simpy

    from mqsim.broker import Broker, Channel, Message
    from mqsim.distributions import Distribution
    from mqsim.scenario.brokerspec import CostsSpec
    from mqsim.sim.alarms import Use
    from mqsim.sim.clock import Clock
    from mqsim.sim.copies import Copies
    from mqsim.sim.recorder import Recorder
    from mqsim.sim.session import Session

NEVER = float("inf")


class Node:
    """One broker node.

    Args:
        costs: samples of the seconds of its own time that a publish, a delivery and a write to disk take;
            None is nothing.
        host: its name among the nodes.
        name: what the log calls it; the only node is `broker`.
        sessions: the connections of all nodes, by their channels.

    Attributes:
        up_since: when it last came up; NaN while it is down.
        wake_at: when it will look at the broker's deadlines next.
        up_listeners: called after it came up or went down, for faults that count in up time.
    """

    def __init__(
        self,
        clock: Clock,
        broker: Broker,
        copies: Copies,
        recorder: Recorder,
        outbox: deque[Hop],
        finish_instant: Callable[[], None],
        costs: dict[str, Iterator[float] | None],
        host: str,
        name: str,
        sessions: dict[Channel, Session],
    ) -> None:
        self.host = host
        self.name = name
        self.clock = clock
        self.broker = broker
        self.copies = copies
        self.recorder = recorder
        self.outbox = outbox
        self.finish_instant = finish_instant
        self._costs = {cost: samples for cost in Cost if (samples := costs.get(cost.value)) is not None}
        self._sync_cost = costs.get("sync")
        self.costly = bool(self._costs)
        self._busy_until = 0.0
        self._causes: defaultdict[str, set[str]] = defaultdict(set)
        self.sessions = sessions
        self.running = True
        self.up_listeners: list[Callable[[bool], None]] = []
        self.wake_at = NEVER

    # -- connections -----------------------------------------------------------------------------------------

    def accept(self, session: Session) -> None:
        """Set up the broker's side of a connection."""
        session.connection = self.broker.connect(session.client.name, node=self.host)
        session.channel = session.connection.channel()
        session.broker_open = True
        self.sessions[session.channel] = session
        session.channel.on_closed = partial(self.channel_failed, session.channel)
        session.connection.on_blocked = lambda blocked, _: session.down(Blocked(session, blocked))
        self._attach(session)
        if self.broker.alarms:
            session.down(Blocked(session, True))

    def _attach(self, session: Session) -> None:
        try:
            session.client.attach(session)
        except NoAnswerError:
            self.broker.waiting.append(lambda: self._attach_later(session))
        except ConnectionError as error:
            self.sessions.pop(session.channel, None)
            session.broker_open = False
            session.down(Closed(session, error.text))
        except BrokerError:
            return  # the channel is closed; `channel_failed` has seen to that

    def _attach_later(self, session: Session) -> None:
        if session.broker_open:
            self._attach(session)

    def close(self, session: Session) -> None:
        """Take down the broker's side of a connection whose client has left."""
        self.broker.advance(self.clock._now)
        if session.broker_open:
            session.broker_open = False
            self.sessions.pop(session.channel, None)
            session.connection.close()

    def drop(self, session: Session, why: str) -> None:
        """Throw a client out; it learns of it when the news arrives."""
        self.close(session)
        session.down(Closed(session, why))

    def channel_failed(self, channel: Channel, error: BrokerError) -> None:
        """The broker closed a client's channel; a client of one channel then closes its connection."""
        session = self.sessions.pop(channel, None)
        if session is not None:
            session.broker_open = False
            self.outbox.append(Deferred(partial(self._throw_out, session, error.text)))

    def _throw_out(self, session: Session, why: str) -> None:
        session.connection.close()
        session.down(Closed(session, why))

    # -- its own time ----------------------------------------------------------------------------------------

    def admit(self, hop: Hop) -> None:
        """Take in a hop that has arrived, in turn: one thing at a time, each at its cost."""
        self.clock.call_at(self._turn([hop.cost]), self._take_in, hop)

    def _take_in(self, event: simpy.Event) -> None:
        event._value.arrive()
        self.finish_instant()

    def emit(self, wire: Wire, hop: Hop) -> None:
        """Send out a hop, in turn, at its cost."""
        self.clock.call_at(self._turn([hop.cost]), self._send_out, (wire, hop))

    def _send_out(self, event: simpy.Event) -> None:
        wire, hop = event._value
        wire.send(hop)
        self.finish_instant()

    def _turn(self, costs: Sequence[Cost | None]) -> float:
        """Take a turn for what costs so much; give the time when it is over."""
        spent = math.fsum(next(self._costs[cost]) for cost in costs if cost in self._costs)
        self._busy_until = max(self._busy_until, self.clock._now) + spent
        return self._busy_until

    def occupy(self, *, publishes: int = 0, deliveries: int = 0) -> float:
        """Take a turn for so many publishes and deliveries of a program; give the time when it is over."""
        return self._turn([Cost.PUBLISH] * publishes + [Cost.DELIVER] * deliveries)

    def store(self, write: int, _message: Message) -> None:
        """Write to disk, as the broker asks."""
        if self._sync_cost is not None:
            self.clock.call_at(self.clock._now + next(self._sync_cost), self._written, write)

    def forget(self, write: int, message: Message) -> None:
        """Write to disk that a message is done with."""
        self.store(write, message)

    def _written(self, event: simpy.Event) -> None:
        self.broker.advance(self.clock._now)
        self.broker.stored(event._value)
        self.finish_instant()

    def arm(self) -> None:
        """Wake up at the broker's next deadline, if no earlier waking is set."""
        # What comes to a queue's head when it has expired already is due in the past.
        due = max(self.broker.next_deadline(), self.clock._now)
        if due < self.wake_at:
            self.wake_at = due
            self.clock.call_idly(due, self._wake, due)

    def _wake(self, event: simpy.Event) -> None:
        if event._value != self.wake_at:
            return
        self.wake_at = NEVER
        self.broker.advance(self.clock._now)
        self.arm()
        self.finish_instant()

    # -- alarms ----------------------------------------------------------------------------------------------

    def watch(self, use: Use) -> None:
        """Raise an alarm while messages take too much of a resource; clear it as soon as they do not."""

        def look() -> None:
            self.alarm(use.kind, use.is_over, cause="use")

        def changed() -> None:
            if use.is_over != ("use" in self._causes[use.kind]):
                self.outbox.append(Deferred(look))

        use.changed = changed

    def alarm(self, kind: str, raised: bool, cause: str) -> None:
        """Say that a cause for an alarm is there, or no longer; the alarm is on while it has any."""
        causes = self._causes[kind]
        before = bool(causes)
        causes.add(cause) if raised else causes.discard(cause)
        if before == bool(causes):
            return
        self.broker.advance(self.clock._now)
        self.broker.set_alarm(kind, raised)
        happened = EventKind.ALARM_RAISED if raised else EventKind.ALARM_CLEARED
        self.recorder.events.add(self.clock._now, happened, "broker", detail=kind)

    # -- down and up -----------------------------------------------------------------------------------------

    def stop(self, killed: bool) -> None:
        """Go down, cleanly or at once; clients see their connections end."""
        self.broker.advance(self.clock._now)
        if not self.running:
            return
        sessions = self.take_down()
        happened = EventKind.BROKER_KILLED if killed else EventKind.BROKER_STOPPED
        self.recorder.events.add(self.clock._now, happened, self.name)
        self.broker.node_down(self.host, killed)
        self.tell_clients(sessions, killed)

    def take_down(self) -> list[Session]:
        """Run no more; give the connections that end with it. Nobody is told yet."""
        self.running = False
        sessions = [session for session in self.sessions.values() if session.node is self]
        for session in sessions:
            del self.sessions[session.channel]
            session.broker_open = False
        return sessions

    def tell_clients(self, sessions: list[Session], killed: bool) -> None:
        """Tell who was connected, and who counts its up time."""
        why = "the broker's connection broke" if killed else "320 CONNECTION_FORCED"
        for session in sessions:
            session.down(Closed(session, why))
        for listener in self.up_listeners:
            listener(False)

    def start(self) -> None:
        """Come up again with what survived."""
        if not self.running:
            self.recorder.events.add(self.clock._now, EventKind.BROKER_STARTED, self.name)
            self.bring_up()

    def bring_up(self) -> None:
        """Run again."""
        self.running = True
        self.broker.now = max(self.broker.now, self.clock._now)
        self.broker.node_up(self.host)
        for listener in self.up_listeners:
            listener(True)


def cost_samples(
    costs: CostsSpec, sample: Callable[[str, Distribution], Iterator[float]]
) -> dict[str, Iterator[float] | None]:
    """Samples of the costs that are not nothing."""
    laws = {"publish": costs.publish, "deliver": costs.deliver, "sync": costs.sync}
    return {name: None if law.mean == 0 else sample(name, law) for name, law in laws.items()}
