"""Messages that expire."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}


@fact()
def queue_ttl(w: World) -> None:
    """x-message-ttl: expired messages are gone, unacknowledged ones aren't touched."""
    ch = w.channel()
    ch.declare("q", arguments={"x-message-ttl": 400})
    ch.fill("q", "a", "b", "c")
    w.see("held", ch.get("q")["body"])
    w.sleep(0.8)
    w.see("counts", ch.declare("q", passive=True))
    w.see("get", ch.get("q"))
    ch.ack(1)
    w.see("the held one can be acked", ch.fate())


@fact()
def message_ttl_and_queue_ttl(w: World) -> None:
    """The smaller of the two holds."""
    ch = w.channel()
    ch.declare("short queue", arguments={"x-message-ttl": 300})
    ch.declare("long queue", arguments={"x-message-ttl": 60000})
    ch.confirm()
    ch.put("a", "short queue", expiration="60000")
    ch.put("b", "long queue", expiration="300")
    w.sleep(0.7)
    w.see("short queue", ch.get("short queue"))
    w.see("long queue", ch.get("long queue"))


@fact()
def message_ttl_acts_at_the_head(w: World) -> None:
    """A message's own expiry waits behind one that lives longer; it's never delivered, though."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    ch.put("long", "q")
    ch.put("short", "q", expiration="200")
    ch.put("behind", "q")
    w.sleep(0.5)
    w.see("counts: it still lies there", ch.declare("q"))
    w.see("got", bodies([ch.get("q"), ch.get("q")]))


@fact()
def queue_ttl_frees_the_head_in_order(w: World) -> None:
    """With a queue's ttl and shorter ones of messages, only the head is looked at."""
    ch = w.channel()
    ch.declare("q", arguments={"x-message-ttl": 900, **_DEAD})
    ch.declare("dead")
    ch.confirm()
    ch.put("1", "q")
    ch.put("2", "q", expiration="100")
    w.sleep(0.4)
    w.see("ready", ch.declare("q", passive=True)["messages"])
    w.sleep(1.0)
    w.see("ready", ch.declare("q", passive=True)["messages"])
    w.see("dead", bodies([ch.get("dead"), ch.get("dead")]))


@fact()
def ttl_of_zero(w: World) -> None:
    """Zero means: deliver at once or not at all."""
    ch = w.channel()
    ch.declare("q", arguments={"x-message-ttl": 0, **_DEAD})
    ch.declare("r")
    ch.declare("dead")
    ch.fill("q", "nobody waits")
    w.see("get", ch.get("q"))
    ch.put("own", "r", expiration="0")
    w.see("get, its own", ch.get("r"))
    ch.consume("q", "c")
    ch.consume("r", "d")
    ch.put("somebody waits", "q")
    w.see("delivered", bodies(ch.take(1)))
    ch.put("somebody waits here", "r", expiration="0")
    w.see("delivered", bodies(ch.take(1)))
    w.see("dead", ch.get("dead"))


@fact()
def requeue_keeps_the_expiry(w: World) -> None:
    """A message that comes back after its time is gone at once."""
    ch = w.channel()
    ch.declare("q", arguments=_DEAD)
    ch.declare("dead")
    ch.confirm()
    ch.put("m", "q", expiration="300")
    ch.get("q")
    w.sleep(0.6)
    ch.nack(1)
    w.sleep(0.2)
    w.see("q", ch.get("q"))
    w.see("dead", ch.get("dead"))


@fact()
def held_messages_do_not_expire(w: World) -> None:
    """What a consumer holds may be acked after its time."""
    ch = w.channel()
    ch.declare("q", arguments={"x-message-ttl": 200})
    ch.fill("q", "m")
    ch.consume("q", "c")
    ch.take(1)
    w.sleep(0.5)
    ch.ack(1)
    w.see("fate", ch.fate())


@fact()
def expiration_is_taken_away_by_dead_lettering(w: World) -> None:
    """A dead-lettered message lives on without its expiration, which x-death remembers."""
    ch = w.channel()
    ch.declare("q", arguments=_DEAD)
    ch.declare("dead")
    ch.confirm()
    ch.put("m", "q", expiration="150")
    w.sleep(0.6)
    w.see("dead", ch.get("dead"))


@fact()
def requeue_keeps_the_queue_ttl(w: World) -> None:
    """A queue's ttl counts from the publish, not from the return."""
    ch = w.channel()
    ch.declare("q", arguments={"x-message-ttl": 800})
    ch.fill("q", "m")
    ch.get("q")
    w.sleep(0.5)
    ch.nack(1)
    w.sleep(0.1)
    w.see("back in time", ch.get("q"))
    ch.nack(2)
    w.sleep(0.6)
    w.see("then", ch.get("q"))


@fact()
def a_waiting_consumer_gets_no_expired_message(w: World) -> None:
    """Behind a blocked consumer messages expire; what is left is delivered."""
    ch = w.channel()
    ch.declare("q")
    ch.qos(1)
    ch.consume("q", "c")
    ch.fill("q", "held")
    ch.put("short", "q", expiration="200")
    ch.put("long", "q")
    w.see("first", bodies(ch.take(1)))
    w.sleep(0.5)
    ch.ack(1)
    w.see("next", bodies(ch.take(1)))
