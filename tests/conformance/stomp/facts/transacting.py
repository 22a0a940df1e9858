"""BEGIN, COMMIT, ABORT, and what waits for them."""

from __future__ import annotations

from tests.conformance.stomp.facts.acknowledging import left, prepared
from tests.conformance.stomp.script import StompWorld, add, fact, named

for _command in ("BEGIN", "COMMIT", "ABORT"):

    def _without(w: StompWorld, command: str = _command) -> None:
        client = w.client()
        client.ask(f"{command} receipt:r")
        client.ask(f"{command} transaction: receipt:r2")
        client.ask("BEGIN transaction:t receipt:r3", what="afterwards")

    add(named(_command.lower(), "without a transaction"), f"{_command} needs a transaction.", _without)


@fact
def committing(w: StompWorld) -> None:
    """Messages wait for COMMIT."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    client.ask("BEGIN transaction:t")
    client.ask("SEND destination:/queue/q transaction:t", "one")
    client.ask("SEND destination:/queue/q transaction:t", "two")
    client.ask("SEND destination:/queue/q", "outside")
    client.ask("COMMIT transaction:t receipt:r")
    client.ask("COMMIT transaction:t receipt:r2", what="twice")


@fact
def aborting(w: StompWorld) -> None:
    """What was sent is forgotten with ABORT."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    client.ask("BEGIN transaction:t")
    client.ask("SEND destination:/queue/q transaction:t receipt:s", "one")
    client.ask("ABORT transaction:t receipt:r")
    client.ask("ABORT transaction:t receipt:r2", what="twice")
    client.ask("SEND destination:/queue/q transaction:t receipt:r3", "late")


@fact
def receipts_in_a_transaction(w: StompWorld) -> None:
    """The receipt of a message in a transaction comes when the broker has it: after COMMIT."""
    client = w.client()
    client.ask("BEGIN transaction:t receipt:begin")
    client.ask("SEND destination:/queue/q transaction:t receipt:one", "one")
    client.ask("SEND destination:/queue/q transaction:t receipt:two", "two")
    client.ask("COMMIT transaction:t receipt:commit")


@fact
def beginning_twice(w: StompWorld) -> None:
    """A second BEGIN of one name forgets what the first had."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    client.ask("BEGIN transaction:t receipt:r")
    client.ask("SEND destination:/queue/q transaction:t", "one")
    client.ask("BEGIN transaction:t receipt:r2")
    client.ask("SEND destination:/queue/q transaction:t", "two")
    client.ask("COMMIT transaction:t receipt:r3")


@fact
def two_transactions(w: StompWorld) -> None:
    """Several may be open at once."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    for name in ("a", "b"):
        client.ask(f"BEGIN transaction:{name}")
    client.ask("SEND destination:/queue/q transaction:a", "a1")
    client.ask("SEND destination:/queue/q transaction:b", "b1")
    client.ask("SEND destination:/queue/q transaction:a", "a2")
    client.ask("COMMIT transaction:b receipt:r")
    client.ask("COMMIT transaction:a receipt:r")


@fact
def a_transaction_that_is_not_there(w: StompWorld) -> None:
    """Each command that names one says so; the link stays open."""
    client, ids = prepared(w, "client-individual", 1)
    client.ask("SEND destination:/queue/q transaction:t receipt:r", "m")
    client.say(f"ACK id:{ids[0]} transaction:t receipt:r")
    client.hear("ACK")
    client.ask("COMMIT transaction:t receipt:r")
    client.ask("ABORT transaction:t receipt:r")
    left(w, client)


@fact
def acknowledging_in_a_transaction(w: StompWorld) -> None:
    """An acknowledgement waits for COMMIT, too; the receipt does not."""
    client, ids = prepared(w, "client-individual", 2)
    client.ask("BEGIN transaction:t")
    client.say(f"ACK id:{ids[0]} transaction:t receipt:r")
    client.hear("ACK")
    w.see("before", w.amqp().declare("q", passive=True))
    client.ask("COMMIT transaction:t receipt:r2")
    left(w, client)


@fact
def acknowledging_in_a_transaction_that_is_aborted(w: StompWorld) -> None:
    """After ABORT the message is still in the client's hands."""
    client, ids = prepared(w, "client-individual", 1)
    client.ask("BEGIN transaction:t")
    client.say(f"ACK id:{ids[0]} transaction:t")
    client.ask("ABORT transaction:t receipt:r")
    client.say(f"ACK id:{ids[0]} receipt:r2")
    client.hear("ACK outside")
    left(w, client)


@fact
def nacking_in_a_transaction(w: StompWorld) -> None:
    """NACK waits as well."""
    client, ids = prepared(w, "client-individual", 2, more="prefetch-count:2")
    client.ask("BEGIN transaction:t")
    client.say(f"NACK id:{ids[0]} transaction:t requeue:false receipt:r")
    client.hear("NACK")
    client.ask("COMMIT transaction:t receipt:r2")
    left(w, client)


@fact
def acknowledging_twice_in_a_transaction(w: StompWorld) -> None:
    """A mistake within a transaction shows at COMMIT."""
    client, ids = prepared(w, "client-individual", 1)
    client.ask("BEGIN transaction:t")
    for receipt in ("r", "r2"):
        client.say(f"ACK id:{ids[0]} transaction:t receipt:{receipt}")
        client.hear("ACK")
    client.ask("COMMIT transaction:t receipt:r3")
    left(w, client)


@fact
def a_missing_exchange_in_a_transaction(w: StompWorld) -> None:
    """A message to nowhere ends the connection at COMMIT; those before it are published."""
    client = w.client()
    client.ask("BEGIN transaction:t")
    client.ask("SEND destination:/queue/q transaction:t", "one")
    client.ask("SEND destination:/exchange/nowhere/k transaction:t", "two")
    client.ask("SEND destination:/queue/q transaction:t", "three")
    client.ask("COMMIT transaction:t receipt:r")
    w.see("queue", w.amqp().declare("q", passive=True))


@fact
def a_transaction_of_a_client_that_goes(w: StompWorld) -> None:
    """What was not committed is lost."""
    client = w.client()
    client.ask("BEGIN transaction:t")
    client.ask("SEND destination:/queue/q transaction:t", "one")
    client.ask("DISCONNECT receipt:r")
    w.see("queue", w.amqp().declare("q", passive=True))


@fact
def other_frames_in_a_transaction(w: StompWorld) -> None:
    """SUBSCRIBE and UNSUBSCRIBE do not mind a transaction."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 transaction:nope receipt:r")
    client.ask("UNSUBSCRIBE id:0 transaction:nope receipt:r")


@fact
def an_invalid_message_in_a_transaction(w: StompWorld) -> None:
    """What is wrong with a frame itself is told at once."""
    client = w.client()
    client.ask("BEGIN transaction:t")
    client.ask("SEND destination:/nowhere/q transaction:t receipt:r", "m")
    client.ask("SEND destination:/queue/q transaction:t priority:x receipt:r", "m")
    client.ask("COMMIT transaction:t receipt:r2")
    w.see("queue", w.amqp().declare("q", passive=True))
