"""Dead-lettering, and what its headers tell."""

from __future__ import annotations

from typing import Any

from tests.conformance.script import Channel, World, fact, headers


def _dead(key: str, exchange: str = "", /, **more: Any) -> dict[str, object]:
    return {"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": key, **more}


def _refuse(channel: Channel, queue: str) -> object:
    """Take one message and reject it without requeue."""
    message = channel.get(queue)
    channel.reject(message["tag"], requeue=False)
    return message


@fact()
def rejected_message(w: World) -> None:
    """reject or nack without requeue: dead-lettered with reason rejected, all its properties kept."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("dead"))
    ch.declare("dead")
    ch.confirm()
    ch.put("m", "q", headers={"mine": 1}, message_id="7", priority=3, content_type="text/plain")
    _refuse(ch, "q")
    w.sleep(0.1)
    w.see("dead", ch.get("dead"))


@fact()
def nack_of_several(w: World) -> None:
    """nack multiple without requeue dead-letters in order."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("dead"))
    ch.declare("dead")
    ch.fill("q", "a", "b", "c")
    for _ in range(3):
        ch.get("q")
    ch.nack(3, multiple=True, requeue=False)
    w.sleep(0.1)
    w.see("dead", [ch.get("dead")["body"] for _ in range(3)])


@fact()
def dead_letter_keeps_the_key(w: World) -> None:
    """Without x-dead-letter-routing-key the message keeps its keys, CC included."""
    ch = w.channel()
    ch.exchange("dlx", "topic")
    ch.declare("q", arguments={"x-dead-letter-exchange": "dlx"})
    ch.declare("dead")
    ch.bind("dead", "dlx", "#")
    ch.exchange("e", "topic")
    ch.bind("q", "e", "#")
    ch.confirm()
    ch.put("m", "a.b", "e", headers={"CC": ["c.d"], "BCC": ["e.f"]})
    _refuse(ch, "q")
    w.sleep(0.1)
    w.see("dead", ch.get("dead"))


@fact()
def dead_letter_with_a_new_key(w: World) -> None:
    """A dead-letter key replaces all keys; x-death keeps them; the CC header goes on 3.10 only."""
    ch = w.channel()
    ch.exchange("dlx", "topic")
    ch.declare("q", arguments=_dead("new", "dlx"))
    ch.declare("dead")
    ch.bind("dead", "dlx", "#")
    ch.confirm()
    ch.put("m", "q", headers={"CC": ["c.d"], "BCC": ["e.f"]})
    _refuse(ch, "q")
    w.sleep(0.1)
    w.see("dead", ch.get("dead"))


@fact()
def dead_letter_exchange_that_is_missing(w: World) -> None:
    """A missing dead-letter exchange: the message is dropped, nobody is told."""
    ch = w.channel()
    w.see("declare", ch.declare("q", arguments={"x-dead-letter-exchange": "nowhere"}))
    ch.fill("q", "m")
    _refuse(ch, "q")
    w.see("fate", ch.fate())
    w.see("counts", ch.declare("q", passive=True))
    ch.exchange("nowhere", "fanout")
    ch.declare("dead")
    ch.bind("dead", "nowhere")
    ch.put("n", "q")
    _refuse(ch, "q")
    w.sleep(0.1)
    w.see("declared later, it works", headers(ch.get("dead")) is not None)


@fact()
def two_hops(w: World) -> None:
    """x-death gets an entry for each queue and reason, the latest first; x-first-death and
    x-last-death tell the ends."""
    ch = w.channel()
    ch.declare("one", arguments=_dead("two"))
    ch.declare("two", arguments=_dead("three", **{"x-message-ttl": 200}))
    ch.declare("three")
    ch.fill("one", "m")
    _refuse(ch, "one")
    w.sleep(0.6)
    w.see("three", ch.get("three"))


@fact()
def counts_go_up(w: World) -> None:
    """The same queue and reason again: one entry, its count goes up, and it moves to the front."""
    ch = w.channel()
    ch.declare("work", arguments=_dead("wait"))
    ch.declare("wait", arguments=_dead("work", **{"x-message-ttl": 100}))
    ch.fill("work", "m")
    for round_ in (1, 2, 3):
        ch.consume("work", f"c{round_}")
        (message,) = ch.take(1)
        w.see(f"round {round_}", headers(message))
        ch.reject(message["tag"], requeue=False)
        ch.cancel(f"c{round_}")


@fact()
def two_reasons_in_one_queue(w: World) -> None:
    """Rejected and expired in the same queue are two entries."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("back", **{"x-message-ttl": 400}))
    ch.declare("back", arguments=_dead("q"))
    ch.fill("q", "m")
    _refuse(ch, "q")
    w.sleep(0.1)
    _refuse(ch, "back")
    w.sleep(0.8)
    w.see("back", ch.get("back"))


@fact()
def cycle_without_a_rejection(w: World) -> None:
    """A message that would come to a queue again by expiring alone is dropped."""
    ch = w.channel()
    ch.declare("a", arguments=_dead("b", **{"x-message-ttl": 100}))
    ch.declare("b", arguments=_dead("a", **{"x-message-ttl": 100}))
    ch.fill("a", "m")
    w.sleep(0.8)
    w.see("a", ch.declare("a", passive=True))
    w.see("b", ch.declare("b", passive=True))


@fact()
def cycle_to_itself(w: World) -> None:
    """A queue that dead-letters to itself: dropped when expired or over its length, kept when rejected."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("q"))
    ch.confirm()
    ch.put("m", "q", expiration="100")
    w.sleep(0.4)
    w.see("expired", ch.get("q"))
    ch.put("n", "q")
    _refuse(ch, "q")
    w.sleep(0.1)
    w.see("rejected", ch.get("q"))


@fact()
def dead_letter_to_an_own_x_death(w: World) -> None:
    """A client that publishes a message with x-death headers of its own."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("dead"))
    ch.declare("dead")
    ch.confirm()
    ch.put("m", "q", headers={"x-death": "nonsense", "x-first-death-queue": "somewhere"})
    _refuse(ch, "q")
    w.sleep(0.2)
    w.see("dead", ch.get("dead"))


@fact()
def dead_letter_of_a_message_published_again(w: World) -> None:
    """A consumer that publishes what it got, headers and all, then has it dead-lettered again."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("dead"))
    ch.declare("dead")
    ch.fill("q", "m")
    _refuse(ch, "q")
    w.sleep(0.1)
    first = ch.get("dead", auto_ack=True)
    death = dict(first["headers"]["x-death"][0])
    death.pop("time")
    ch.put("again", "q", headers={**first["headers"], "x-death": [death]})
    _refuse(ch, "q")
    w.sleep(0.2)
    w.see("dead", headers(ch.get("dead")))


@fact()
def dead_letter_to_several_queues(w: World) -> None:
    """A fanout as dead-letter exchange copies to each queue; the copies' tale is the same."""
    ch = w.channel()
    ch.exchange("dlx", "fanout")
    for name in ("d1", "d2"):
        ch.declare(name)
        ch.bind(name, "dlx")
    ch.declare("q", arguments={"x-dead-letter-exchange": "dlx"})
    ch.fill("q", "m")
    _refuse(ch, "q")
    w.sleep(0.1)
    w.see("d1", ch.get("d1"))
    w.see("d2", ch.get("d2"))


def _come_back(w: World, queue: str, how: str) -> None:
    """Take a message and give it back in that way."""
    connection = w.connect()
    holder = connection.channel()
    message = holder.get(queue)
    if how == "nack":
        holder.nack(message["tag"])
    elif how == "reject":
        holder.reject(message["tag"])
    elif how == "recover":
        holder.recover()
    elif how == "channel":
        holder.close()
    else:
        connection.drop()
    w.sleep(0.2)


def _marks(w: World, kind: str) -> None:
    """See the mark `redelivered` in the dead-letter queue, for each way to come back and each way to die."""
    ch = w.channel()
    ch.declare("q", arguments=_dead("dead", **{"x-queue-type": kind}))
    ch.declare("dead")
    ch.confirm()
    for before in ("nothing", "nack", "reject", "recover", "channel", "connection"):
        found = []
        for death in ("reject", "nack", "expiry"):
            properties = {"expiration": "700"} if death == "expiry" else {}
            ch.put("m", "q", **properties)
            if before != "nothing":
                _come_back(w, "q", before)
            if death == "expiry":
                w.sleep(0.9)
            else:
                message = ch.get("q")
                give = ch.reject if death == "reject" else ch.nack
                give(message["tag"], requeue=False)
            w.sleep(0.2)
            dead = ch.get("dead", auto_ack=True)
            found.append([death, dead["redelivered"] if dead != "empty" else dead])
        w.see(f"{kind}, before: {before}", found)


@fact()
def redelivered_in_the_dead_letter_queue(w: World) -> None:
    """Whether a dead-lettered copy of a classic queue is marked redelivered, by what happened to
    it before."""
    _marks(w, "classic")


@fact()
def redelivered_in_the_dead_letter_queue_of_a_quorum_queue(w: World) -> None:
    """The same for a quorum queue."""
    _marks(w, "quorum")


@fact()
def deleting_and_purging_dead_letter_nothing(w: World) -> None:
    """A purge, a delete or a queue's own expiry dead-letters nothing."""
    ch = w.channel()
    ch.declare("dead")
    for name in ("purged", "deleted"):
        ch.declare(name, arguments=_dead("dead"))
        ch.fill(name, "m")
    ch.declare("expired", arguments=_dead("dead", **{"x-expires": 200}))
    ch.fill("expired", "m")
    ch.purge("purged")
    ch.delete("deleted")
    w.sleep(0.7)
    w.see("dead", ch.get("dead"))
