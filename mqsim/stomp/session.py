"""The server's side of one STOMP connection, without I/O: bytes in, bytes out, over the broker.

    session = Session(broker, wake=look_at_it)
    session.receive(data)             # what came from the client
    stream.write(session.bytes_to_send())
    session.tick(now)                 # at session.next_deadline(), for heart-beats
    session.lost()                    # the stream ended

Its time is the broker's: whoever holds it moves the broker on (`Broker.advance`) before each of these
calls. `wake` is called, also from within the broker, when there is something to send or the session has
ended (`end`): it takes a note and calls back later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqsim.broker import ConnectionState
from mqsim.broker.replies import NAMES, told
from mqsim.broker.topology import made_name
from mqsim.errors import BrokerError, NoAnswerError
from mqsim.protocol import End, Output
from mqsim.protocol.access import VHOST, Access
from mqsim.stomp import failures
from mqsim.stomp.channel import ClientChannel
from mqsim.stomp.failures import VERSIONS, RefusedError
from mqsim.stomp.frames import SIGN_OF_LIFE, BrokenFrameError, Frame, FrameReader, written
from mqsim.stomp.heartbeat import SignsOfLife, agreed
from mqsim.stomp.states import CONNECTION, INPUTS, Input
from mqsim.stomp.states import Connection as State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.broker import Broker, Connection, Message
    from mqsim.stomp.observer import Observer

LOGIN_TIMEOUT: Final = 10.0
"""Seconds that a client has to log in, as RabbitMQ has it."""

UNREAD_INPUT: Final = 16 * 2**20
"""Bytes of output at which nothing more is taken from a client that does not read."""

FAILED: Final = "the server's session failed"

DEFAULT_USER: Final = "guest"
"""Login and passcode of a client that gives none, as RabbitMQ has it."""

# RabbitMQ's plugin does not wait for an answer to these: their receipt is sent before a mistake is found.
_UNANSWERED: Final = frozenset({Input.SEND, Input.ACK, Input.NACK, Input.COMMIT})


class Session(Output):
    """One connection.

    Args:
        broker: what it leads to.
        name: who is at the other end, for those who read logs.
        node: the broker's node that it leads to; without a name the first that is up.
        wake: see above.
        handed: called with each message of a quorum queue that is handed out to be acknowledged: its members
            write that down.
        observer: is told what passes.
        access: who may log in; guest/guest to / unless told otherwise.
        vhosts: the brokers that virtual hosts lead to, each one for itself but with the same clock; unless
            told, all that `access` names lead to `broker`.

    Attributes:
        state: see `states`.
        link: the broker's connection, once it is open.
        client: what the client's frames do, once it is open.
        user: who logged in.
        vhost: the virtual host that was opened; opened_at: when, in the broker's seconds.
        version: the version of STOMP that was agreed; empty before.
        end: how the stream has to end; None while it goes on.
        heartbeat: seconds between signs of life that the client has promised; 0 is none.
        blocked: whether the client published under an alarm, and is not listened to until it is over.
    """

    def __init__(
        self,
        broker: Broker,
        name: str = "client",
        *,
        node: str = "",
        wake: Callable[[Session], None] | None = None,
        handed: Callable[[Message], None] | None = None,
        observer: Observer | None = None,
        access: Access | None = None,
        vhosts: Mapping[str, Broker] | None = None,
    ) -> None:
        super().__init__(lambda: None if wake is None else wake(self))
        self.broker = broker
        self.name = name
        self.node = node
        self.handed = handed
        self.observer = observer
        self.access = access or Access()
        self.vhosts = dict.fromkeys(self.access.vhosts, broker) if vhosts is None else vhosts
        self.state = CONNECTION.begin
        self.link: Connection | None = None
        self.client: ClientChannel | None = None
        self.user = ""
        self.vhost = VHOST
        self.version = ""
        self.opened_at = 0.0
        self.end: End | None = None
        self.heartbeat = 0.0
        self.blocked = False
        self._life = SignsOfLife(broker.now)
        self._reader = FrameReader()
        self._frames_left = 0
        # Whether the broker is at work for a frame; whether the connection is to end once it is left alone.
        self._carrying_out = self._doomed = False
        # What the broker does not answer until a node is back.
        self._unanswered: Frame | None = None

    # -- bytes in --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take what came from the client, in pieces of any size."""
        if self.end is None:
            self._reader.foresee(data)
            self.arrive(len(data))

    def foresee(self, data: bytes) -> None:
        """Bytes have left the client: read them, and tell the observer; `arrive` then brings them here."""
        for frame in self._reader.foresee(data):
            self._frames_left += 1
            if self.observer is not None:
                self.observer.left(frame, self._frames_left)

    def arrive(self, count: int) -> None:
        """So many bytes of those foreseen have come, in order."""
        if self.end is None:
            self._life.heard(self.broker.now)
            self._reader.arrive(count)
            self._process()

    @property
    def listens(self) -> bool:
        """Whether more input is welcome; if not, whoever holds the session lets the client wait."""
        return (
            self.end is None
            and not self.blocked
            and not self._doomed
            and self._unanswered is None
            and self.unsent < UNREAD_INPUT
        )

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
        while self.listens:
            try:
                frame = self._reader.next()
            except BrokenFrameError:
                self._finish(End.CLOSE)
                return
            if frame is None:
                return
            self._receive(frame)

    def _receive(self, frame: Frame) -> None:
        """Take a frame in; what is wrong with it is told with an ERROR."""
        given = INPUTS.get(frame.command, Input.OTHER)
        after = CONNECTION.step(self.state, given)
        if self.version == "1.0":
            frame = frame.trimmed()
        try:
            if after is None:
                self._refuse_out_of_place(frame, given)
            elif given is Input.CONNECT:
                self._connect(frame)
                self.state = after
            elif given is Input.DISCONNECT:
                self._receipt(frame, self.place())
                self._carried_out(frame)
                self._finish(End.CLOSE)
            else:
                self._carry_out(given, frame)
        except RefusedError as error:
            self._refuse(frame, error)

    def _refuse_out_of_place(self, frame: Frame, given: Input) -> None:
        if self.state is State.OPENING:
            raise failures.not_connected()
        if given is Input.CONNECT:
            # RabbitMQ's session fails at a second CONNECT, and says nothing.
            self._fail_silently()
        else:
            raise failures.bad_command(frame.command)

    def _carry_out(self, given: Input, frame: Frame) -> None:
        assert self.client is not None
        # The broker sends what it has to send before it comes back; a receipt has to stand before that.
        place = self.place()
        self._carrying_out = True
        try:
            self.client.carry_out(given, frame)
        except NoAnswerError:
            self._unanswered = frame
            self.broker.waiting.append(self._ask_again)
            return
        except BrokerError as error:
            self._refused(frame, f"{error.code} {error.text}")
            if given in _UNANSWERED and given is not Input.SEND:
                self._receipt(frame, place)
            self._die(error)
            if given not in _UNANSWERED:
                self._receipt(frame, self.place())
            return
        finally:
            self._carrying_out = False
        if given is not Input.SEND:
            self._receipt(frame, place)
        self._carried_out(frame)
        if given is Input.SEND and self.broker.alarms and not self.blocked:
            self.blocked = True

    def _ask_again(self) -> None:
        """A node is back: what had no answer may have one now, and then what came after it."""
        frame, self._unanswered = self._unanswered, None
        if frame is not None and self.end is None:
            self._receive(frame)
            self._process()

    def _receipt(self, frame: Frame, place: int) -> None:
        receipt = frame.get("receipt")
        if receipt is not None:
            self.insert(written("RECEIPT", [("receipt-id", receipt)]), place)

    def _carried_out(self, frame: Frame) -> None:
        if frame.note is not None and self.observer is not None:
            self.observer.carried_out(frame.note)

    def _refused(self, frame: Frame, text: str) -> None:
        if frame.note is not None and self.observer is not None:
            self.observer.refused(frame.note, text)

    def _refuse(self, frame: Frame, error: RefusedError) -> None:
        self._refused(frame, f"{error.message}: {error.detail}".strip())
        self.append(failures.error_frame(error.message, error.detail, []))
        if error.ends:
            if self.observer is not None:
                self.observer.connection_closed(0, f"{error.message}: {error.detail}".strip())
            self._receipt(frame, self.place())
            self._finish(End.CLOSE)

    # -- opening ---------------------------------------------------------------------------------------------

    def _connect(self, frame: Frame) -> None:
        """Log a client in.

        Raises:
            RefusedError: its versions, its name and password, its virtual host or its heart-beats won't do.
        """
        versions = frame.get("accept-version")
        asked = ["1.0"] if versions is None else versions.split(",")
        common = [version for version in VERSIONS if version in asked]
        if not common:
            raise failures.no_common_version()
        version = common[-1]
        if version == "1.0":
            frame = frame.trimmed()
        login, passcode = frame.get("login"), frame.get("passcode")
        user = DEFAULT_USER if login is None else login
        vhost = frame.get("host")
        vhost = VHOST if vhost is None else vhost
        if vhost not in self.vhosts:
            if self.observer is not None:
                self.observer.vhost_not_found(vhost)
            raise failures.vhost_refused(vhost)
        if not self.access.trusts(user, DEFAULT_USER if passcode is None else passcode):
            raise failures.login_refused(user)
        if not self.access.may_open(user, vhost):
            raise failures.vhost_refused(vhost)
        beats = frame.get("heart-beat")
        expected, promised = agreed("0,0" if beats is None else beats)
        self._open(user, vhost, version)
        self._life.expected, self._life.promised = expected, promised
        self.heartbeat = float(expected)
        assert self.client is not None
        self.client.send(
            "CONNECTED",
            [
                ("server", f"RabbitMQ/{self.broker.profile.version}"),
                ("session", self.client.session),
                ("heart-beat", f"{promised * 1000},{expected * 1000}"),
                ("version", version),
            ],
        )
        self._carried_out(frame)

    def _open(self, user: str, vhost: str, version: str) -> None:
        self.user, self.vhost, self.version = user, vhost, version
        self.broker = self.vhosts[vhost]
        self.opened_at = self.broker.now
        link = self.link = self.broker.connect(self.name, node=self.node, user=user)
        link.on_closed = self._on_closed
        link.on_blocked = self._on_blocked
        channel = link.channel(1)
        channel.on_closed = self._on_closed
        session = made_name("session-", f"{self.name} {self.opened_at!r} {len(self.broker.connections)}")
        self.client = ClientChannel(
            channel, self, version, session, self.observer, self._fail_later, self.handed
        )
        if self.observer is not None:
            self.observer.connection_opened()

    # -- ending ----------------------------------------------------------------------------------------------

    def _on_closed(self, error: BrokerError) -> None:
        """The broker closes channel or connection: by a frame's mistake, or for reasons of its own."""
        if self.state is State.RUNNING and not self._carrying_out and not self._doomed:
            self._tell(error)
            self._doom()

    def _die(self, error: BrokerError) -> None:
        """Tell of a mistake that the broker found, and end."""
        if self.end is None:
            self._tell(error)
            self._finish(End.CLOSE)

    def _tell(self, error: BrokerError) -> None:
        text = self.told(error)
        self.append(failures.error_frame(NAMES.get(error.code, "internal_error").lower(), text, []))
        if self.observer is not None:
            self.observer.connection_closed(error.code, text)

    def _doom(self) -> None:
        """The connection is to end, but the broker is at work and is not called from within."""
        self._doomed = True
        self.awake()

    def _fail_later(self) -> None:
        """RabbitMQ's session would fail at what the broker tells: the stream ends without a word."""
        if self.observer is not None:
            self.observer.connection_closed(0, FAILED)
        self._doom()

    def told(self, error: BrokerError) -> str:
        """An error's text for this client."""
        return told(error.text, self.vhost)

    def _fail_silently(self) -> None:
        """RabbitMQ's session would fail here: the stream ends without a word."""
        if self.observer is not None:
            self.observer.connection_closed(0, FAILED)
        self._finish(End.CLOSE)

    def lost(self) -> None:
        """The stream ended: the client closed it, died, or can't be reached."""
        self._finish(self.end or End.RESET)

    def _finish(self, how: End) -> None:
        if self.end is None:
            self.end = how
        self.state = State.CLOSED
        self.blocked = False
        self._reader.clear()
        if self.client is not None:
            self.client.abandon()
        if self.link is not None and self.link.state is ConnectionState.OPEN:
            self.link.close()
        self.awake()

    # -- alarms ----------------------------------------------------------------------------------------------

    def _on_blocked(self, blocked: bool, _reason: str) -> None:
        if not blocked and self.blocked:
            self.blocked = False
            self._life.heard(self.broker.now)
            self.awake()

    # -- bytes out and time ----------------------------------------------------------------------------------

    def bytes_to_send(self) -> bytes:
        """Take what is to be sent; never from within the broker, for consumers held back go on now."""
        if self._doomed and self.end is None:
            self._finish(End.CLOSE)
        if self.listens and self._reader.waiting():
            self._process()
        data = self.take()
        if data:
            self._life.sent(self.broker.now)
            if self.client is not None and self.client.holds_back and self.end is None:
                self.client.resume()
            if self.listens and self._reader.waiting():
                self.awake()
        return data

    def tick(self, now: float) -> None:
        """Do what is due: send a sign of life, or give up a client that sent none for too long."""
        if self.end is not None or now < self.next_deadline():
            return
        if self._life.is_overdue(now, self._patience(), not self.blocked):
            if self.observer is not None:
                self.observer.given_up()
            self._finish(End.CLOSE)
        else:
            self.append(SIGN_OF_LIFE)
            self._life.sent(now)

    def next_deadline(self) -> float:
        """When `tick` is next needed, in the broker's seconds; infinite if never."""
        return float("inf") if self.end is not None else self._life.due(self._patience(), not self.blocked)

    def _patience(self) -> float | None:
        """Seconds that the client has to log in; None once it has."""
        return LOGIN_TIMEOUT if self.state is State.OPENING else None
