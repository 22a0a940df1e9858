"""How a connection is opened, and what comes before and after it."""

from __future__ import annotations

from tests.conformance.stomp.script import GUEST, StompWorld, add, fact, named


def _connecting(name: str, says: str, head: str) -> None:
    def body(w: StompWorld) -> None:
        client = w.stream()
        client.ask(head.format(host=f"host:{w.vhost}"))
        client.ask("SEND destination:/queue/q receipt:r", "after", "a message after that")

    add(name, says, body)


for _versions in ("1.0", "1.1", "1.2", "1.0,1.1,1.2", "1.2,1.1", "2.0", "1.1,2.0", "", "x", "1.0,1.1,"):
    _connecting(
        named("version", _versions.replace(",", " ")),
        f"A client that speaks the versions {_versions!r}.",
        f"CONNECT accept-version:{_versions} {{host}} {GUEST}",
    )

for _name, _says, _head in (
    ("no_version", "Without accept-version it is 1.0.", f"CONNECT {{host}} {GUEST}"),
    ("stomp_command", "STOMP opens as CONNECT does.", f"STOMP accept-version:1.2 {{host}} {GUEST}"),
    ("no_credentials", "Without login and passcode.", "CONNECT accept-version:1.2 {host}"),
    ("no_passcode", "Without passcode.", "CONNECT accept-version:1.2 {host} login:guest"),
    ("no_login", "Without login.", "CONNECT accept-version:1.2 {host} passcode:guest"),
    ("empty_login", "An empty login.", "CONNECT accept-version:1.2 {host} login: passcode:"),
    ("wrong_passcode", "A wrong password.", "CONNECT accept-version:1.2 {host} login:guest passcode:x"),
    ("unknown_user", "A user that is not there.", "CONNECT accept-version:1.2 {host} login:x passcode:guest"),
    ("no_host", "Without host it is the virtual host /.", f"CONNECT accept-version:1.2 {GUEST}"),
    ("unknown_host", "A host that is not there.", f"CONNECT accept-version:1.2 host:nowhere {GUEST}"),
    ("empty_host", "An empty host.", f"CONNECT accept-version:1.2 host: {GUEST}"),
    (
        "receipt_on_connect",
        "A receipt for CONNECT.",
        f"CONNECT accept-version:1.2 {{host}} {GUEST} receipt:r",
    ),
    ("no_headers_at_all", "CONNECT without any header.", "CONNECT"),
):
    _connecting(_name, _says, _head)

for _beats in (
    "0,0",
    "1000,0",
    "0,1000",
    "500,500",
    "1999,2500",
    "30000,60000",
    "1",
    "x,y",
    "1000",
    "-1,-1",
    "1,2,3",
    "",
    "1.5,1",
):
    _connecting(
        named("heart_beat", _beats.replace("-", "minus ").replace(",", " ").replace(".", " point ")),
        f"A client that asks for heart-beat:{_beats}.",
        f"CONNECT accept-version:1.2 {{host}} {GUEST} heart-beat:{_beats}",
    )

for _command in (
    "SEND",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "ACK",
    "NACK",
    "BEGIN",
    "COMMIT",
    "ABORT",
    "DISCONNECT",
    "X",
):

    def _early(w: StompWorld, command: str = _command) -> None:
        client = w.stream()
        client.ask(f"{command} id:0 destination:/queue/q receipt:r")
        client.ask(f"CONNECT accept-version:1.2 host:{w.vhost} {GUEST}")

    add(
        named("before_connect", _command),
        f"{_command} before CONNECT is an error; CONNECT then goes.",
        _early,
    )

for _command in ("MESSAGE", "RECEIPT", "CONNECTED", "ERROR", "send", "SENDX", "X"):

    def _odd(w: StompWorld, command: str = _command) -> None:
        client = w.client()
        client.ask(f"{command} destination:/queue/q receipt:r")
        client.ask("SEND destination:/queue/q receipt:r2", "m", "a message after that")

    add(named("command", _command, "odd" if _command.islower() else ""), f"{_command} from a client.", _odd)


@fact
def connecting_twice(w: StompWorld) -> None:
    """A second CONNECT on an open connection."""
    client = w.client()
    client.ask(f"CONNECT accept-version:1.2 host:{w.vhost} {GUEST}")
    client.ask("SEND destination:/queue/q receipt:r", "after", "a message after that")


@fact
def connecting_again_after_a_failure(w: StompWorld) -> None:
    """A login that failed can be tried again on the same stream, if that is still open."""
    client = w.stream()
    client.ask(f"CONNECT accept-version:1.2 host:{w.vhost} login:guest passcode:x")
    client.ask(f"CONNECT accept-version:1.1 host:{w.vhost} {GUEST}")


@fact
def connecting_again_after_a_version_mismatch(w: StompWorld) -> None:
    """The same after versions that do not fit."""
    client = w.stream()
    client.ask(f"CONNECT accept-version:9 host:{w.vhost} {GUEST}")
    client.ask(f"CONNECT accept-version:1.1 host:{w.vhost} {GUEST}")


@fact
def disconnecting(w: StompWorld) -> None:
    """DISCONNECT ends the stream without a word."""
    client = w.client()
    client.ask("DISCONNECT")


@fact
def disconnecting_with_a_receipt(w: StompWorld) -> None:
    """Its receipt comes before the end; what follows is not looked at."""
    client = w.client()
    client.put(b"DISCONNECT\nreceipt:bye\n\n\0SEND\ndestination:/queue/q\n\nlate\0")
    client.hear()
    w.see("queue", w.amqp().declare("q", passive=True))


@fact
def spaces_around_credentials_1_0(w: StompWorld) -> None:
    """1.0 takes spaces off the beginning of a header's value."""
    client = w.stream()
    client.tell(f"CONNECT\nhost: {w.vhost}\nlogin: guest\npasscode: guest\n\n\0".encode(), "CONNECT")


@fact
def spaces_around_credentials_1_2(w: StompWorld) -> None:
    """1.2 does not."""
    client = w.stream()
    client.tell(
        f"CONNECT\naccept-version:1.2\nhost: {w.vhost}\nlogin: guest\npasscode: guest\n\n\0".encode(),
        "CONNECT",
    )


@fact
def spaces_behind_credentials_1_0(w: StompWorld) -> None:
    """1.0 leaves those at the end."""
    client = w.stream()
    client.tell(f"CONNECT\nhost:{w.vhost}\nlogin:guest \npasscode:guest\n\n\0".encode(), "CONNECT")


@fact
def escapes_in_connect(w: StompWorld) -> None:
    """Escapes in CONNECT's headers."""
    client = w.stream()
    head = f"CONNECT\naccept-version:1.2\nhost:{w.vhost}\nlogin:gu\\cest\npasscode:guest\n\n\0"
    client.tell(head.encode(), "CONNECT")


@fact
def heart_beats_are_sent(w: StompWorld) -> None:
    """A server that was asked to send signs of life sends line feeds."""
    client = w.client(more="heart-beat:0,1000")
    w.sleep(2.6)
    data = client.take()
    w.see("at least two line feeds in 2.8 s", data.count(b"\n") >= 2)
    w.see("anything else", data.replace(b"\n", b"").decode())


@fact
def heart_beats_that_are_missed(w: StompWorld) -> None:
    """A client that announced signs of life and sends none is given up."""
    client = w.client(more="heart-beat:1000,0")
    client.hear("at first")
    w.sleep(4.5)
    client.hear("after 4.5 s")


@fact
def a_client_that_never_connects(w: StompWorld) -> None:
    """Whoever does not log in within ten seconds is cut off."""
    client = w.stream()
    w.sleep(9.0)
    client.hear("after 9 s")
    w.sleep(2.0)
    client.hear("after 11 s")


@fact
def heart_beats_that_come(w: StompWorld) -> None:
    """Line feeds keep a connection."""
    client = w.client(more="heart-beat:1000,0")
    for _ in range(6):
        w.sleep(0.7)
        client.put(b"\n")
    client.ask("SEND destination:/queue/q receipt:r", "m")
