"""The server's side of one AMQP 0-9-1 connection, without I/O: bytes in, bytes out, over the broker.

    session = Session(broker, wake=look_at_it)
    session.receive(data)             # what came from the client
    stream.write(session.bytes_to_send())
    session.tick(now)                 # at session.next_deadline(), for heartbeats
    session.lost()                    # the stream ended

Its time is the broker's: whoever holds it moves the broker on (`Broker.advance`) before each of these calls.
`wake` is called, also from within the broker, when there is something to send or the session has ended
(`end`): it takes a note and calls back later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pamqp import commands

from mqsim.amqp import failures, handshake
from mqsim.amqp.channel import ChannelEnd
from mqsim.amqp.departures import Departures
from mqsim.amqp.failures import LostError
from mqsim.amqp.frames import HEARTBEAT, METHOD, BrokenFrameError, Frame, FrameReader
from mqsim.amqp.handshake import Client, Limits
from mqsim.amqp.methods import Method, made
from mqsim.amqp.output import FrameOutput
from mqsim.amqp.states import CONNECTION, CONNECTION_INPUTS, ConnectionInput
from mqsim.amqp.states import Connection as State
from mqsim.amqp.versions import WIRES
from mqsim.broker import Broker, Connection, ConnectionState, Message
from mqsim.broker.replies import told
from mqsim.errors import BrokerError, ConnectionError
from mqsim.protocol import End, Heartbeat
from mqsim.protocol.access import VHOST, Access

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.amqp.observer import Observer

HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds that a client has to open its connection, as RabbitMQ has it."""

CLOSING_TIMEOUT: Final = 30.0
"""Seconds that the server waits for its close to be answered, as RabbitMQ has it."""

UNREAD_INPUT = 16 * 2**20
"""Bytes of output at which nothing more is taken from a client that does not read."""


class Session(FrameOutput, Heartbeat):
    """One connection.

    Args:
        broker: what it leads to.
        name: who is at the other end, for those who read logs.
        node: the broker's node that it leads to; without a name the first that is up.
        wake: see above.
        epoch: seconds since 1970 at the broker's time 0, for the times that messages carry.
        limits: what is proposed to the client.
        handed: called with each message of a quorum queue that is handed out to be acknowledged: its members
            write that down.
        observer: is told what passes.
        access: who may log in; guest/guest to / unless told otherwise.
        vhosts: the brokers that virtual hosts lead to, each one for itself but with the same clock; unless
            told, all that `access` names lead to `broker`.

    Attributes:
        wire: what is particular to the profile.
        state: see `states`.
        link: the broker's connection, once it is open.
        user: who logged in.
        vhost: the virtual host that was opened; opened_at: when, in the broker's seconds.
        capabilities: what the client understands; client_properties: all that it told of itself.
        channels: the channels that are open, or closing, by number.
        end: how the stream has to end; None while it goes on.
        holds_back: whether consumers are held back because the client does not read what it gets.
        largest_body: bytes of the largest message, the profile's.
        blocked: whether the client published under an alarm, and is not listened to until it is over.
    """

    def __init__(
        self,
        broker: Broker,
        name: str = "client",
        *,
        node: str = "",
        wake: Callable[[Session], None] | None = None,
        epoch: float = 0.0,
        limits: Limits | None = None,
        handed: Callable[[Message], None] | None = None,
        observer: Observer | None = None,
        access: Access | None = None,
        vhosts: Mapping[str, Broker] | None = None,
    ) -> None:
        FrameOutput.__init__(self, lambda: None if wake is None else wake(self))
        Heartbeat.__init__(self, broker.now)
        self.broker = broker
        self.wire = WIRES[broker.profile.version]
        self.name = name
        self.node = node
        self.epoch = epoch
        self.limits = limits or Limits()
        self.largest_body = broker.profile.largest_message
        self.handed = handed
        self.observer = observer
        self.access = access or Access()
        self.vhosts = dict.fromkeys(self.access.vhosts, broker) if vhosts is None else vhosts
        self.vhost = VHOST
        self.opened_at = 0.0
        self.state = CONNECTION.begin
        self.link: Connection | None = None
        self.user = ""
        self.capabilities: frozenset[str] = frozenset()
        self.client_properties: Mapping[str, Any] = {}
        self.channels: dict[int, ChannelEnd] = {}
        self.end: End | None = None
        self.blocked = False
        self.holds_back = False
        self.channel_max = self.limits.channel_max
        self._reader = FrameReader(self.wire.smallest_frame_max, greeted=False)
        self._departures = Departures()

    # -- bytes in --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take what came from the client, in pieces of any size."""
        if self.end is None:
            self._reader.foresee(data)
            self.arrive(len(data))

    def foresee(self, data: bytes) -> None:
        """Bytes have left the client: read them, and tell the observer; `arrive` then brings them here."""
        frames = self._reader.foresee(data)
        if self.observer is not None:
            for departure in self._departures.read(frames):
                self.observer.left(departure)

    def arrive(self, count: int) -> None:
        """So many bytes of those foreseen have come, in order."""
        if self.end is None:
            self.heard(self.broker.now)
            self._reader.arrive(count)
            self._process()

    @property
    def listens(self) -> bool:
        """Whether more input is welcome; if not, whoever holds the session lets the client wait."""
        return self.end is None and not self.blocked and self.unsent < UNREAD_INPUT

    @property
    def linked(self) -> bool:
        """Whether the broker counts it as an open connection."""
        return self.link is not None and self.link.state is ConnectionState.OPEN

    @property
    def cut_off(self) -> bool:
        """Whether its broker is not there to close it in order: it never opened it, or it went down."""
        link = self.link
        return link is None or (link.state is not ConnectionState.OPEN and link.closed_by is None)

    def _process(self) -> None:
        if self.state is State.GREETING:
            self._greet()
        while self.listens and self.state is not State.GREETING:
            try:
                frame = self._reader.next()
            except BrokenFrameError as error:
                self._fail_for_good(failures.broken_frame(error))
                continue
            if frame is None:
                break
            self.take_in(frame)

    def take_in(self, frame: Frame) -> None:
        """Take a whole frame; what is wrong with it ends the connection."""
        try:
            self._receive_frame(frame)
        except LostError:
            self._finish(End.RESET)
        except ConnectionError as error:
            self.fail(error)

    def _greet(self) -> None:
        greeting = self._reader.greeting()
        if greeting is None:
            return
        if greeting in handshake.GREETINGS:
            self._step(ConnectionInput.GREETING)
            self.send(0, handshake.start(self.wire))
        else:
            self.append(self.wire.greeting)
            self._finish(End.CLOSE)

    def _step(self, given: ConnectionInput) -> bool:
        """Go on to the next state; False, and nothing has changed, where the input is out of place."""
        after = CONNECTION.step(self.state, given)
        if after is not None:
            self.state = after
        return after is not None

    def _receive_frame(self, frame: Frame) -> None:
        if frame.kind == HEARTBEAT:
            self._receive_heartbeat(frame)
        elif frame.channel == 0:
            if frame.kind != METHOD:
                unknown = frame.kind not in (2, 3)
                raise failures.unknown_frame(frame) if unknown else failures.unexpected_frame(frame)
            self._receive_method(failures.method_in(frame), frame.note)
        elif not self._step(ConnectionInput.CHANNEL):
            raise failures.unexpected_frame(frame)
        elif frame.kind not in (1, 2, 3):
            raise failures.unknown_frame(frame)
        elif self.state is State.RUNNING:
            end = self.channels.get(frame.channel) or ChannelEnd(self, frame.channel)
            end.receive(frame)
        else:
            self.passed_over(frame)

    def passed_over(self, frame: Frame) -> None:
        """A frame is not looked at: what it belongs to is being closed."""
        if frame.note is not None and self.observer is not None:
            self.observer.passed_over(frame.note)

    def _receive_heartbeat(self, frame: Frame) -> None:
        if frame.payload:
            raise failures.unknown_frame(frame)
        if frame.channel or not self._step(ConnectionInput.HEARTBEAT):
            raise failures.unexpected_frame(frame)

    def _receive_method(self, method: Method, note: Any) -> None:
        given = CONNECTION_INPUTS.get(type(method), ConnectionInput.OTHER)
        before = self.state
        if not self._step(given):
            raise failures.out_of_place(method, before.value)
        if before is State.CLOSING and given is not ConnectionInput.CLOSE:
            if self.state is State.CLOSED:
                self._finish(End.CLOSE)
            return
        match method:
            case commands.Connection.StartOk():
                self._log_in(handshake.client_of(method, self.access))
            case commands.Connection.TuneOk():
                self._tune(method)
            case commands.Connection.Open():
                self._open(method)
            case commands.Connection.UpdateSecret():
                self.send(0, made(commands.Connection.UpdateSecretOk))
            case commands.Connection.Close():
                self._unlink()
                self.send(0, made(commands.Connection.CloseOk))
                if note is not None and self.observer is not None:
                    self.observer.carried_out(note, None)
                if before is not State.CLOSING:
                    self._finish(End.CLOSE)

    # -- opening ---------------------------------------------------------------------------------------------

    def _log_in(self, client: Client) -> None:
        self.capabilities, self.client_properties = client.capabilities, client.properties
        if not client.trusted:
            if client.user is None or "authentication_failure_close" not in client.capabilities:
                raise LostError(f"{client.mechanism} login refused")
            self._fail_for_good(failures.login_refused(client.mechanism))
            return
        self.user = client.user or ""
        limits = self.limits
        self.send(
            0,
            made(
                commands.Connection.Tune,
                channel_max=limits.channel_max,
                frame_max=limits.frame_max,
                heartbeat=limits.heartbeat,
            ),
        )

    def _tune(self, answer: commands.Connection.TuneOk) -> None:
        if not self.limits.accept(answer, self.wire.smallest_frame_max):
            raise LostError("the client wants more than was offered")
        self.frame_max = self._reader.frame_max = answer.frame_max or 0
        self.channel_max = answer.channel_max or 0
        self.heartbeat = float(answer.heartbeat or 0)

    def _open(self, asked: commands.Connection.Open) -> None:
        vhost = str(asked.virtual_host)
        if vhost not in self.vhosts:
            if self.observer is not None:
                self.observer.vhost_not_found(vhost)
            raise failures.no_such_host(vhost, asked)
        if not self.access.may_open(self.user, vhost):
            raise failures.vhost_refused(vhost, self.user, asked)
        self.vhost, self.broker = vhost, self.vhosts[vhost]
        self.opened_at = self.broker.now
        self.link = self.broker.connect(self.name, node=self.node, user=self.user)
        self.link.on_closed = self._on_closed
        self.link.on_blocked = self._on_blocked
        self.send(0, made(commands.Connection.OpenOk))
        if self.observer is not None:
            self.observer.connection_opened()

    # -- ending ----------------------------------------------------------------------------------------------

    def fail(self, error: ConnectionError) -> None:
        """Close the connection because of a mistake; where the client is not trusted yet, without a word."""
        if self.state in (State.STARTING, State.TUNING):
            self._finish(End.RESET)
        elif self.link is not None and self.link.state is ConnectionState.OPEN:
            self.link.close(error)
        elif self.state in (State.OPENING, State.RUNNING):
            self._on_closed(error)

    def _on_closed(self, error: BrokerError) -> None:
        if not self._step(ConnectionInput.FAIL) or self.end is not None:
            return
        if self.observer is not None:
            self.observer.connection_closed(error)
        self.blocked = False
        self.channels.clear()
        self.waits(self.broker.now)
        class_id, method_id = error.method
        self.send(
            0,
            made(
                commands.Connection.Close,
                reply_code=error.code,
                reply_text=self.told(error),
                class_id=class_id,
                method_id=method_id,
            ),
        )

    def told(self, error: BrokerError) -> str:
        """An error's text for this client."""
        return told(error.text, self.vhost)

    def _fail_for_good(self, error: ConnectionError) -> None:
        """Close without waiting for an answer: the stream can't be read any more, or it is a stranger's."""
        if self.state in (State.OPENING, State.RUNNING):
            self.fail(error)
        elif error.code == 403:
            self._on_closed(error)
        self._finish(End.CLOSE if error.code == 403 or self.link is not None else End.RESET)

    def lost(self) -> None:
        """The stream ended: the client closed it, died, or can't be reached."""
        self._finish(self.end or End.RESET)

    def _finish(self, how: End) -> None:
        self._step(ConnectionInput.LOSE)
        if self.end is None:
            self.end = how
        self.blocked = False
        self._reader.clear()
        self._unlink()
        self.awake()

    def _unlink(self) -> None:
        self.channels.clear()
        if self.link is not None and self.link.state is ConnectionState.OPEN:
            self.link.close()

    def register(self, channel: ChannelEnd) -> Connection:
        """A channel opens; on the broker's connection, which is given back.

        Raises:
            ConnectionError: 530 if there are as many as were agreed.
        """
        if self.channel_max and len(self.channels) >= self.channel_max:
            raise failures.too_many_channels(self.channel_max)
        assert self.link is not None
        self.channels[channel.number] = channel
        return self.link

    def forget(self, channel: ChannelEnd) -> None:
        """A channel is closed."""
        self.channels.pop(channel.number, None)

    # -- alarms ----------------------------------------------------------------------------------------------

    def block_publisher(self) -> None:
        """The client publishes: under an alarm it is not listened to until that is over."""
        alarms = self.broker.alarms
        if alarms and not self.blocked and self.state is State.RUNNING:
            self.blocked = True
            if "connection.blocked" in self.capabilities:
                told = f"low on {' & '.join(sorted(alarms, reverse=True))}"
                self.send(0, made(commands.Connection.Blocked, reason=told))

    def _on_blocked(self, blocked: bool, _reason: str) -> None:
        if not blocked and self.blocked:
            self.blocked = False
            self.heard(self.broker.now)
            if "connection.blocked" in self.capabilities:
                self.send(0, made(commands.Connection.Unblocked))
            self.awake()

    # -- bytes out and time ----------------------------------------------------------------------------------

    def bytes_to_send(self) -> bytes:
        """Take what is to be sent; never from within the broker, for consumers held back go on now."""
        if self._reader.waiting() and self.listens:
            self._process()
        data = self.take()
        if data:
            self.sent(self.broker.now)
            if self.holds_back:
                self.holds_back = False
                for channel in list(self.channels.values()):
                    channel.resume()
            if self._reader.waiting() and self.listens:
                self.awake()
        return data

    def tick(self, now: float) -> None:
        """Do what is due: send a sign of life, or give up a client that sent none for too long."""
        if self.end is not None or now < self.next_deadline():
            return
        if self.is_overdue(now, self._patience(), not self.blocked):
            if self.observer is not None:
                self.observer.given_up()
            self._finish(End.RESET)
        else:
            self.send_heartbeat()
            self.sent(now)

    def next_deadline(self) -> float:
        """When `tick` is next needed, in the broker's seconds; infinite if never."""
        return float("inf") if self.end is not None else self.due(self._patience(), not self.blocked)

    def _patience(self) -> float | None:
        """Seconds that the client has for what it is to do now; None while the connection runs."""
        if self.state is State.RUNNING:
            return None
        return CLOSING_TIMEOUT if self.state is State.CLOSING else HANDSHAKE_TIMEOUT
