"""What producers and consumers have in common: a process that runs or does not, and its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.sim.hop_kinds import Close, Open
from mqsim.sim.session import ReceivedDelivery, Session
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import simpy

    from mqsim.distributions import Distribution
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.trace import Actor

NEVER = float("inf")
_MISSED_HEARTBEATS = 2
"""A peer is dead when so many of its heartbeats are missed."""


class Process:
    """An actor's process.

    Attributes:
        running: whether the process runs.
        hung: whether it stands still.
        life: counts its starts and ends; what was set going in an earlier life does nothing in a later one.
        session: its connection, while it has one or waits for one.
        links: to each of the broker's nodes; `node` and `link` are those of its last connection.
        up_listeners: called when it starts to run (True) or no longer does, for faults that count in up time.
    """

    name: str

    def __init__(
        self, world: ActorWorld, name: str, cast: Actor, reconnect: Distribution, heartbeat: float
    ) -> None:
        self.world = world
        self.clock = world.clock
        self.recorder = world.recorder
        self.node = world.node
        self.name = name
        self.code = world.trace.actors.code(name)
        self.cast = world.trace.cast[name] = cast
        self.heartbeat = heartbeat
        self.links = world.cluster.links(name, cast.group)
        self.link = self.links[0]
        self.running = False
        self.hung = False
        self.life = 0
        self.session: Session | None = None
        self.up_listeners: list[Callable[[bool], None]] = []
        self._reconnects: Iterator[float] = world.streams.sampler(name, "reconnect", reconnect).draws()
        self._waits_to_connect = False
        self._hangs = 0

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process, and connect. At the very start of the run the connection is there at once."""
        if self.running:
            return
        now = self.clock._now
        self.running = True
        self.hung = False
        self.life += 1
        self.cast.up.append((now, float("nan")))
        self.world.log(EventKind.STARTED, self.name)
        self.connect(at_once=now == 0 and self.life == 1)
        for listener in list(self.up_listeners):
            listener(True)

    def _end_life(self, kind: EventKind) -> None:
        now = self.clock._now
        self.running = self.hung = False
        self.life += 1
        self._waits_to_connect = False
        self.cast.up[-1] = (self.cast.up[-1][0], now)
        self.world.log(kind, self.name)
        for listener in list(self.up_listeners):
            listener(False)

    def stop_in_order(self, for_good: bool) -> None:
        """Have the process end; it may take its time. `for_good`: it will not start again."""

    def terminate(self) -> None:
        """The process is told to end, for good; a modelled one listens."""
        self.stop_in_order(for_good=True)

    def crash(self) -> None:
        """The process dies at once; its kernel closes the connection."""
        if self.running:
            session = self._die(EventKind.CRASHED)
            if session is not None:
                session.up(Close(session))

    def power_off(self) -> None:
        """The machine loses its power: nobody closes anything, and only the heartbeat tells the broker."""
        if self.running:
            session = self._die(EventKind.POWERED_OFF)
            if session is not None and self.heartbeat > 0:
                self._expect_missed_heartbeats(session)

    def _die(self, kind: EventKind) -> Session | None:
        session, self.session = self.session, None
        if session is not None:
            session.client_open = False
        self._end_life(kind)
        self.lose_work()
        return session

    def lose_work(self) -> None:
        """What the process held in its memory is gone."""

    def _expect_missed_heartbeats(self, session: Session) -> None:
        def missed(_: simpy.Event) -> None:
            self.node.drop(session, "missed heartbeats from client")
            self.world.finish_instant()

        self.clock.call_at(self.clock._now + _MISSED_HEARTBEATS * self.heartbeat, missed)

    # -- connection ------------------------------------------------------------------------------------------

    def connect(self, at_once: bool = False) -> None:
        """Open a connection to the broker, to a node that runs if there is one."""
        if len(self.links) > 1:
            self.node, self.link = self.world.cluster.nearest_node(self)
        session = self.session = Session(self, self.code, self.link, self.node)
        if at_once and self.node.running:
            self.node.accept(session)
            self.opened(session)
        else:
            session.up(Open(session))

    def attach(self, session: Session) -> None:
        """At the broker: the connection is there."""

    def opened(self, session: Session) -> None:
        """At the client: the connection is there."""

    def receive(self, delivery: ReceivedDelivery) -> None:
        """At the client: a delivery; producers get none."""

    def blocked(self, session: Session, blocked: bool) -> None:
        """At the client: the broker blocks publishers, or no longer does; consumers do not care."""

    def closed(self, session: Session, why: str) -> None:
        """At the client: the connection is not there, or no more. Connect again after a while."""
        if session is not self.session:
            return
        session.client_open = False
        self.session = None
        self.world.log(EventKind.CONNECTION_LOST, self.name, detail=why)
        self.disconnected()
        if self.running:
            self.connect_later()

    def disconnected(self) -> None:
        """The connection is gone, the process lives on."""

    def connect_later(self) -> None:
        """Try again after the reconnect delay, unless that is under way."""
        if self._waits_to_connect:
            return
        self._waits_to_connect = True
        life = self.life

        def again(_: simpy.Event) -> None:
            self._waits_to_connect = False
            if self.life == life and self.running and not self.hung:
                self.connect()
                self.world.finish_instant()

        self.clock.call_at(self.clock._now + next(self._reconnects), again)

    def drop_connection(self) -> None:
        """The connection breaks, both ends learn of it at once, the process lives on."""
        session = self.session
        if session is not None and session.client_open:
            self.close_both_ends(session, "connection reset by peer")

    def close_both_ends(self, session: Session, why: str) -> None:
        """Both ends learn at once that a connection is no more, or the broker after it has been opened."""
        if session.broker_open:
            self.node.close(session)
        else:
            session.up(Close(session))
        self.closed(session, why)

    # -- standing still --------------------------------------------------------------------------------------

    def hang(self) -> None:
        """The process stands still, and with it its heartbeats."""
        if not self.running or self.hung:
            return
        self.hung = True
        self.world.log(EventKind.HUNG, self.name)
        self.pace_changed()
        self._hangs += 1
        session, life, hangs = self.session, self.life, self._hangs

        def missed(_: simpy.Event) -> None:
            if not self.hung or (self.life, self._hangs) != (life, hangs):
                return
            if session is not None and session.broker_open:
                self.node.drop(session, "missed heartbeats from client")
                self.world.finish_instant()

        if self.heartbeat > 0:
            self.clock.call_at(self.clock._now + _MISSED_HEARTBEATS * self.heartbeat, missed)

    def slow(self, factor: float) -> None:
        """Work takes `factor` times as long as before; producers have none."""

    def end_slow(self, factor: float) -> None:
        """The end of a `slow`."""

    def restore(self) -> None:
        """The end of a `hang`."""
        if self.hung:
            self.hung = False
            self.world.log(EventKind.RESTORED, self.name)
            if self.session is None:
                self.connect_later()
            self.pace_changed()

    def pace_changed(self) -> None:
        """The process stands still, goes on, or goes at another speed."""
