"""Publisher confirms and returned messages."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact


@fact()
def confirms_count_from_one(w: World) -> None:
    """Confirms number the publishes since confirm.select, from 1; selecting again changes nothing."""
    ch = w.channel()
    ch.declare("q")
    ch.publish("before", "q")
    w.see("select", ch.confirm())
    ch.publish("a", "q")
    ch.publish("b", "q")
    w.see("confirms", ch.confirms(2))
    w.see("select again", ch.confirm())
    ch.publish("c", "q")
    w.see("confirms", ch.confirms(1))


@fact()
def unroutable_is_confirmed(w: World) -> None:
    """What no queue wants is dropped, and acked."""
    ch = w.channel()
    ch.exchange("e")
    ch.confirm()
    w.see("default exchange", ch.put("m", "nowhere"))
    w.see("exchange without bindings", ch.put("m", "k", "e"))
    w.see("returns", ch.returns())


@fact()
def mandatory_comes_back_before_its_confirm(w: World) -> None:
    """basic.return 312 NO_ROUTE with all of the message, then the ack."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    ch.publish("lost", "nowhere", mandatory=True, headers={"a": 1}, message_id="7")
    w.see("events", ch.events())
    w.see("return", ch.returns())
    ch.publish("found", "q", mandatory=True)
    w.see("events", ch.events())


@fact()
def mandatory_without_confirms(w: World) -> None:
    """A return needs no confirm mode."""
    ch = w.channel()
    ch.publish("lost", "nowhere", mandatory=True)
    w.see("return", ch.returns(1))


@fact("wire")
def immediate_is_not_implemented(w: World) -> None:
    """basic.publish with immediate: 540 closes the connection."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    connection.send(1, "Basic.Publish", body="m", routing_key="q", immediate=True)
    w.see("fate", connection.fate(expect_close=True))


@fact()
def confirms_of_many(w: World) -> None:
    """A hundred publishes get exactly a hundred confirms."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    for number in range(100):
        ch.publish(str(number), "q")
    w.see("confirms", sorted(ch.confirms(100)) == sorted(f"ack {n}" for n in range(1, 101)))
    w.see("more", ch.confirms(0))
    w.see("counts", ch.declare("q"))


@fact()
def confirm_for_several_queues(w: World) -> None:
    """A message for several queues gets one confirm."""
    ch = w.channel()
    ch.exchange("e", "fanout")
    for name in ("a", "b", "c"):
        ch.declare(name)
        ch.bind(name, "e")
    ch.confirm()
    ch.publish("m", "", "e")
    w.see("events", ch.events())


@fact()
def confirmed_transient(w: World) -> None:
    """A transient message is confirmed as well."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    w.see("transient", ch.put("m", "q", delivery_mode=1))
    w.see("message", ch.get("q"))


@fact()
def confirm_and_transaction_exclude_each_other(w: World) -> None:
    """406 in both directions."""
    ch = w.channel()
    ch.confirm()
    w.see("tx after confirm", ch.tx_select())
    ch = w.channel()
    ch.tx_select()
    w.see("confirm after tx", ch.confirm())


@fact()
def publishing_to_a_missing_exchange_is_not_confirmed(w: World) -> None:
    """The channel closes before a confirm."""
    ch = w.channel()
    ch.confirm()
    ch.publish("m", "k", "nowhere")
    w.see("fate", ch.fate(expect_close=True))
    w.see("confirms", ch.confirms(0))


@fact()
def publishing_twice_makes_two(w: World) -> None:
    """A publish repeated after a lost confirm is a duplicate, also with the same message id."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    ch.put("m", "q", message_id="1")
    ch.put("m", "q", message_id="1")
    w.see("both", bodies([ch.get("q"), ch.get("q")]))


@fact()
def bad_expiration_and_priority(w: World) -> None:
    """An expiration that isn't a whole number of milliseconds: 406."""
    for text in ("abc", "-1", "1.5", "", "60000x", " 5"):
        ch = w.channel()
        ch.declare("q")
        ch.publish("m", "q", expiration=text)
        w.see(f"expiration {text!r}", ch.fate())
    ch = w.channel()
    ch.publish("m", "q", priority=255)
    w.see("priority 255", ch.fate())


@fact("operator")
def memory_alarm_blocks_publishers(w: World) -> None:
    """Under an alarm a connection that publishes is blocked and told so; consumers go on; then all
    comes through."""
    connection = w.connect()
    publisher = connection.channel()
    reader = w.channel()
    publisher.declare("q")
    publisher.fill("q", "before")
    w.alarm(True)
    publisher.publish("during", "q")
    w.see("notices", connection.blocked())
    reader.consume("q", "c")
    w.see("consumers go on", bodies(reader.take(1)))
    w.see("nothing more", bodies(reader.rest()))
    w.see("no confirm", publisher.events()[-1:])
    w.alarm(False)
    w.see("afterwards", bodies(reader.take(1)))
    w.see("notices", connection.blocked())


@fact()
def message_that_is_too_large(w: World) -> None:
    """More than 16 MiB is refused from 4.0 on (3.10 takes 128 MiB)."""
    ch = w.channel()
    ch.declare("q")
    ch.publish("x" * (16 * 2**20 + 1), "q")
    w.see("16 MiB and a byte", ch.fate(expect_close=True))
