"""ACK and NACK, by version and ack mode."""

from __future__ import annotations

from tests.conformance.stomp.script import Client, StompWorld, add, fact, named


def header(frame: str, name: str) -> str:
    """A header's value in a frame's text; `none` where it is not."""
    for line in frame.split("\n\n")[0].split("\n")[1:]:
        key, _, value = line.partition(":")
        if key == name:
            return value
    return "none"


def prepared(
    w: StompWorld, ack: str, count: int = 3, version: str = "1.2", more: str = ""
) -> tuple[Client, list[str]]:
    """A client that has received so many messages, and the names by which they are acknowledged."""
    client = w.client(version)
    client.say(f"SUBSCRIBE destination:/queue/q id:0 ack:{ack}{more and ' ' + more}")
    for number in range(count):
        client.say("SEND destination:/queue/q", f"m{number}")
    frames = client.frames()
    w.see("messages", frames)
    key = "ack" if version == "1.2" and ack != "auto" else "message-id"
    return client, [header(frame, key) for frame in frames]


def left(w: StompWorld, client: Client) -> None:
    """What is left once the client has gone."""
    client.drop()
    w.sleep(0.3)
    amqp = w.amqp()
    found = []
    while isinstance(message := amqp.get("q", auto_ack=True), dict):
        if "body" not in message:
            break
        found.append(f"{message['body']}{'*' if message['redelivered'] else ''}")
    w.see("left", found)


for _version in ("1.0", "1.1", "1.2"):
    for _ack in ("client", "client-individual", "auto"):
        for _command in ("ACK", "NACK"):

            def _acked(
                w: StompWorld, version: str = _version, ack: str = _ack, command: str = _command
            ) -> None:
                client, ids = prepared(w, ack, version=version)
                key = "id" if version == "1.2" else "message-id"
                client.say(f"{command} {key}:{ids[1]} subscription:0 requeue:false receipt:r")
                client.hear(f"{command} of the second")
                left(w, client)

            add(
                named(_command.lower(), _version, _ack),
                f"{_command} of the second of three messages under {_ack} in version {_version}.",
                _acked,
            )

for _command in ("ACK", "NACK"):
    for _word, _more in (
        ("without a header", ""),
        ("with message-id alone", "message-id:T_0@@session@@1"),
        ("of nonsense", "id:nonsense"),
        ("of nothing", "id:"),
        ("of an unknown subscription", "id:T_9@@session@@1"),
        ("of an unknown tag", "id:T_0@@session@@99"),
        ("of a tag that is no number", "id:T_0@@session@@x"),
        ("of tag 0", "id:T_0@@session@@0"),
        ("of another session", "id:T_0@@other@@1"),
        ("of two parts", "id:T_0@@1"),
        ("of four parts", "id:T_0@@session@@1@@1"),
        ("of a negative tag", "id:T_0@@session@@-1"),
    ):

        def _odd(w: StompWorld, command: str = _command, more: str = _more) -> None:
            client, _ = prepared(w, "client-individual", 2)
            client.ask(f"{command} receipt:r{more and ' ' + more}")
            client.ask("BEGIN transaction:t receipt:r2", what="afterwards")
            left(w, client)

        add(named(_command.lower(), _word), f"{_command} {_word}.", _odd)

    for _requeue in ("true", "false", "odd", ""):

        def _requeued(w: StompWorld, command: str = _command, requeue: str = _requeue) -> None:
            client, ids = prepared(w, "client-individual", 2, more="prefetch-count:2")
            client.say(f"{command} id:{ids[0]} receipt:r requeue:{requeue}")
            client.hear("with requeue")
            left(w, client)

        add(named(_command.lower(), "requeue", _requeue), f"{_command} with requeue:{_requeue}.", _requeued)


@fact
def nack_without_requeue_dead_letters(w: StompWorld) -> None:
    """A message that is refused for good goes to the dead-letter exchange."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/dead id:dead")
    client.ask(
        "SUBSCRIBE destination:/queue/q id:0 ack:client-individual x-dead-letter-exchange: "
        "x-dead-letter-routing-key:dead"
    )
    client.say("SEND destination:/queue/q", "m")
    frame = client.frames()
    client.say(f"NACK id:{header(frame[0], 'ack') if frame else 'none'} requeue:false")
    client.hear("NACK")


@fact
def nack_requeues_at_the_head(w: StompWorld) -> None:
    """A message that is given back comes again at once, redelivered."""
    client, ids = prepared(w, "client-individual", 1)
    client.say(f"NACK id:{ids[0]}")
    found = client.frames()[:1]
    w.see("again", [frame.replace("@@2", "@@(tag)").replace("@@3", "@@(tag)") for frame in found])


@fact
def acknowledging_twice(w: StompWorld) -> None:
    """A second acknowledgement of one message ends the connection."""
    client, ids = prepared(w, "client-individual", 1)
    client.say(f"ACK id:{ids[0]} receipt:r")
    client.hear("once")
    client.say(f"ACK id:{ids[0]} receipt:r2")
    client.hear("twice")


@fact
def acknowledging_crosses_subscriptions(w: StompWorld) -> None:
    """Under client, all earlier messages of the connection count as done, other subscriptions' too."""
    client = w.client()
    client.say("SUBSCRIBE destination:/queue/a id:a ack:client")
    client.say("SUBSCRIBE destination:/queue/b id:b ack:client-individual")
    client.hear("subscribed")
    client.ask("SEND destination:/queue/b", "b0")
    client.say("SEND destination:/queue/a", "a0")
    frames = client.frames()
    client.say(f"ACK id:{header(frames[0], 'ack')} receipt:r")
    client.hear("ACK of a0")
    client.drop()
    w.sleep(0.3)
    w.see("a", w.amqp().declare("a", passive=True))
    w.see("b", w.amqp().declare("b", passive=True))


@fact
def acknowledging_by_another_connection(w: StompWorld) -> None:
    """The session in a message's id is not looked at: the tag is the connection's own."""
    one, ids = prepared(w, "client-individual", 1)
    two = w.client()
    two.say("SUBSCRIBE destination:/queue/other id:0 ack:client-individual")
    two.ask("SEND destination:/queue/other", "theirs")
    two.say(f"ACK id:{ids[0]} receipt:r")
    two.hear("ACK of the other's message")
    two.drop()
    one.hear("one")
    w.sleep(0.3)
    w.see("q", w.amqp().declare("q", passive=True))
    w.see("other", w.amqp().declare("other", passive=True))


@fact
def acknowledging_with_both_headers_1_2(w: StompWorld) -> None:
    """1.2 looks at id alone."""
    client, ids = prepared(w, "client-individual", 2)
    client.say(f"ACK id:{ids[0]} message-id:{ids[1]} receipt:r")
    client.hear("ACK")
    left(w, client)


@fact
def acknowledging_a_wrong_subscription_1_1(w: StompWorld) -> None:
    """The subscription header of ACK is not looked at."""
    client, ids = prepared(w, "client-individual", 2, version="1.1")
    client.say(f"ACK message-id:{ids[0]} subscription:wrong receipt:r")
    client.hear("ACK")
    left(w, client)


@fact
def acknowledging_all_by_tag_zero(w: StompWorld) -> None:
    """Under client, tag 0 is all."""
    client, _ = prepared(w, "client", 3)
    client.ask("ACK id:T_0@@session@@0 receipt:r")
    left(w, client)
