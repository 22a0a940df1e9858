"""Which queues a message reaches."""

from __future__ import annotations

from tests.conformance.script import Channel, World, bodies, fact


def _queues(channel: Channel, *names: str) -> None:
    for name in names:
        channel.declare(name)


def _drained(channel: Channel, *names: str) -> dict[str, list[str]]:
    """What lies in each queue, taken out."""
    found: dict[str, list[str]] = {}
    for name in names:
        found[name] = []
        while (message := channel.get(name, auto_ack=True)) != "empty":
            found[name].append(message["body"])
    return found


@fact()
def default_exchange_reaches_the_queue_of_that_name(w: World) -> None:
    """The default exchange routes by queue name, and a name that isn't there loses the message silently."""
    ch = w.channel()
    _queues(ch, "tasks")
    ch.confirm()
    w.see("to tasks", ch.put("one", "tasks"))
    w.see("to a typo", ch.put("two", "taks"))
    w.see("in tasks", _drained(ch, "tasks"))
    w.see("declared later, it's empty", ch.declare("taks"))


@fact()
def direct_exchange_matches_the_whole_key(w: World) -> None:
    """A direct exchange routes where the binding key equals the routing key, case and all."""
    ch = w.channel()
    ch.exchange("e", "direct")
    _queues(ch, "a", "b", "c")
    ch.bind("a", "e", "red")
    ch.bind("b", "e", "Red")
    ch.bind("c", "e", "")
    ch.confirm()
    for key in ("red", "Red", "", "red ", "blue"):
        ch.put(f"<{key}>", key, "e")
    w.see("queues", _drained(ch, "a", "b", "c"))


@fact()
def fanout_ignores_the_key(w: World) -> None:
    """A fanout exchange copies to every bound queue, whatever the key."""
    ch = w.channel()
    ch.exchange("e", "fanout")
    _queues(ch, "a", "b")
    ch.bind("a", "e", "x")
    ch.bind("b", "e")
    ch.confirm()
    ch.put("m", "anything", "e")
    w.see("a", ch.get("a"))
    w.see("b", ch.get("b"))


@fact()
def many_bindings_one_copy(w: World) -> None:
    """However many bindings match, a queue gets one copy."""
    ch = w.channel()
    ch.exchange("t", "topic")
    _queues(ch, "q")
    for key in ("a.*", "a.#", "#", "*.b", "a.b"):
        ch.bind("q", "t", key)
    ch.exchange("f", "fanout")
    ch.bind("q", "f", "1")
    ch.bind("q", "f", "2")
    ch.confirm()
    ch.put("topic", "a.b", "t")
    ch.put("fanout", "a.b", "f")
    w.see("q", _drained(ch, "q"))


@fact()
def topic_words(w: World) -> None:
    """`*` is one word, `#` zero or more; an empty word is a word; the empty key has no words."""
    ch = w.channel()
    ch.exchange("t", "topic")
    patterns = [
        "#",
        "*",
        "a",
        "a.*",
        "a.#",
        "#.a",
        "*.*",
        "a.*.b",
        "a.#.b",
        "#.#",
        "*.#",
        "#.*",
        "",
        "a.",
        ".a",
    ]
    patterns += [".", "a..b", "a.#.#.b", "*.a.*", "#.a.#", "a*", "a#", "A", "**", "##", "#.b.#.c"]
    for pattern in patterns:
        ch.declare(f"[{pattern}]")
        ch.bind(f"[{pattern}]", "t", pattern)
    ch.confirm()
    keys = [
        "",
        "a",
        "b",
        "a.b",
        "a.",
        ".a",
        ".",
        "a..b",
        "a.x.b",
        "a.x.y.b",
        "x.a.y",
        "a*",
        "a#",
        "*",
        "#",
        "A",
    ]
    keys += ["##", "**", "..", "b.c", "x.b.y.c", "a.b.c"]
    for key in keys:
        ch.put(key, key, "t")
    for pattern in patterns:
        name = f"[{pattern}]"
        w.see(f"matched by {name}", [f"[{body}]" for body in _drained(ch, name)[name]])


@fact()
def headers_all_and_any(w: World) -> None:
    """x-match all needs each header, any needs one; other headers don't matter; all is the default."""
    ch = w.channel()
    ch.exchange("h", "headers")
    bindings: dict[str, dict[str, object]] = {
        "all": {"x-match": "all", "a": 1, "b": "two"},
        "any": {"x-match": "any", "a": 1, "b": "two"},
        "default": {"a": 1, "b": "two"},
        "all, nothing asked": {"x-match": "all"},
        "any, nothing asked": {"x-match": "any"},
        "no arguments": {},
    }
    for name, arguments in bindings.items():
        ch.declare(name)
        ch.bind(name, "h", "ignored", arguments)
    ch.confirm()
    tried: dict[str, dict[str, object]] = {
        "both": {"a": 1, "b": "two"},
        "both and more": {"a": 1, "b": "two", "c": 3},
        "only a": {"a": 1},
        "only b": {"b": "two"},
        "a differs": {"a": 2, "b": "two"},
        "a is text": {"a": "1", "b": "two"},
        "none": {"c": 3},
        "empty": {},
    }
    for body, given in tried.items():
        ch.put(body, "", "h", headers=given)
    ch.put("no headers at all", "", "h")
    w.see("queues", _drained(ch, *bindings))


@fact()
def headers_values_of_other_types(w: World) -> None:
    """A header's value is compared with its type; a binding without a value (void) asks for presence only."""
    ch = w.channel()
    ch.exchange("h", "headers")
    bindings: dict[str, dict[str, object]] = {
        "int": {"a": 1},
        "true": {"a": True},
        "void": {"a": None},
        "text": {"a": "1"},
        "big": {"a": 2**40},
    }
    for name, arguments in bindings.items():
        ch.declare(name)
        ch.bind(name, "h", "", arguments)
    ch.confirm()
    for name, value in (("int", 1), ("true", True), ("text", "1"), ("void", None), ("big", 2**40)):
        ch.put(name, "", "h", headers={"a": value})
    w.see("queues", _drained(ch, *bindings))


@fact()
def headers_x_names_count_only_with_x(w: World) -> None:
    """Headers that begin with x- are left out of the match, unless x-match is all-with-x or any-with-x."""
    ch = w.channel()
    ch.exchange("h", "headers")
    for match in ("all", "any", "all-with-x", "any-with-x"):
        ch.declare(match)
        ch.bind(match, "h", "", {"x-match": match, "x-a": 1, "b": 2})
    ch.confirm()
    ch.put("x-a and b", "", "h", headers={"x-a": 1, "b": 2})
    ch.put("b", "", "h", headers={"b": 2})
    ch.put("x-a", "", "h", headers={"x-a": 1})
    ch.put("x-a differs, b", "", "h", headers={"x-a": 9, "b": 2})
    w.see("queues", _drained(ch, "all", "any", "all-with-x", "any-with-x"))


@fact()
def headers_binding_with_a_wrong_x_match(w: World) -> None:
    """x-match must be one of four words."""
    ch = w.channel()
    ch.exchange("h", "headers")
    ch.declare("q")
    w.see("most", ch.bind("q", "h", "", {"x-match": "most"}))
    ch = w.channel()
    w.see("a number", ch.bind("q", "h", "", {"x-match": 1}))


@fact()
def unbinding_takes_the_very_binding_away(w: World) -> None:
    """queue.unbind removes the binding with that key and those arguments; one that isn't there is fine."""
    ch = w.channel()
    ch.exchange("e", "direct")
    _queues(ch, "q")
    ch.bind("q", "e", "a")
    ch.bind("q", "e", "a")
    ch.bind("q", "e", "b")
    w.see("unbind a", ch.unbind("q", "e", "a"))
    w.see("unbind it again", ch.unbind("q", "e", "a"))
    ch.confirm()
    ch.put("to a", "a", "e")
    ch.put("to b", "b", "e")
    w.see("q", _drained(ch, "q"))


@fact()
def exchanges_bound_to_exchanges(w: World) -> None:
    """A bound exchange routes on by its own rules; a circle ends; a queue reached twice gets one copy."""
    ch = w.channel()
    ch.exchange("source", "topic")
    ch.exchange("middle", "fanout")
    ch.exchange("last", "direct")
    _queues(ch, "q1", "q2", "q3")
    w.see("bind", ch.bind_exchange("middle", "source", "a.#"))
    ch.bind_exchange("last", "middle")
    ch.bind_exchange("source", "last", "a.b")
    ch.bind("q1", "middle")
    ch.bind("q2", "last", "a.b")
    ch.bind("q3", "source", "a.*")
    ch.bind("q1", "source", "#")
    ch.confirm()
    ch.put("a.b", "a.b", "source")
    ch.put("a.c", "a.c", "source")
    ch.put("z", "z", "source")
    w.see("q1", ch.get("q1"))
    w.see("queues", _drained(ch, "q1", "q2", "q3"))
    w.see("unbind", ch.unbind_exchange("middle", "source", "a.#"))
    ch.put("a.b again", "a.b", "source")
    w.see("afterwards", _drained(ch, "q1", "q2", "q3"))


@fact()
def alternate_exchange_takes_what_nobody_wants(w: World) -> None:
    """What an exchange can't route goes to its alternate exchange, along a chain, and counts as routed."""
    ch = w.channel()
    ch.exchange("second", "direct", arguments={"alternate-exchange": "third"})
    ch.exchange("first", "direct", arguments={"alternate-exchange": "second"})
    ch.exchange("third", "fanout")
    _queues(ch, "a", "b", "c")
    ch.bind("a", "first", "a")
    ch.bind("b", "second", "b")
    ch.bind("c", "third")
    ch.confirm()
    for key in "abc":
        ch.put(key, key, "first", mandatory=True)
    w.see("c keeps its first exchange", ch.get("c"))
    w.see("queues", _drained(ch, "a", "b"))
    w.see("returned", ch.returns())


@fact()
def alternate_exchange_that_is_missing(w: World) -> None:
    """A missing alternate exchange is no error: the message counts as unroutable."""
    ch = w.channel()
    w.see("declare", ch.exchange("e", "direct", arguments={"alternate-exchange": "nowhere"}))
    ch.confirm()
    ch.publish("m", "k", "e", mandatory=True)
    w.see("events", ch.events())


@fact()
def cc_and_bcc_add_routing_keys(w: World) -> None:
    """CC and BCC headers are further routing keys; BCC isn't shown to the consumer."""
    ch = w.channel()
    _queues(ch, "a", "b", "c")
    ch.confirm()
    ch.put("m", "a", headers={"CC": ["b"], "BCC": ["c"], "other": 1})
    for name in "abc":
        w.see(name, ch.get(name))
    ch.publish("n", "a", headers={"CC": "b"})
    w.see("CC that is no list", ch.fate(expect_close=True))


@fact()
def internal_exchange_refuses_publishers(w: World) -> None:
    """Publishing to an internal exchange closes the channel; other exchanges may still route to it."""
    ch = w.channel()
    ch.exchange("inner", "fanout", internal=True)
    ch.exchange("outer", "fanout")
    _queues(ch, "q")
    ch.bind("q", "inner")
    ch.bind_exchange("inner", "outer")
    ch.confirm()
    ch.put("through", "", "outer")
    w.see("q", bodies([ch.get("q")]))
    ch.publish("straight", "", "inner")
    w.see("published straight", ch.fate(expect_close=True))


@fact()
def predeclared_exchanges(w: World) -> None:
    """amq.direct, amq.fanout, amq.topic, amq.headers and amq.match are there."""
    for name, kind in (
        ("amq.direct", "direct"),
        ("amq.fanout", "fanout"),
        ("amq.topic", "topic"),
        ("amq.headers", "headers"),
        ("amq.match", "headers"),
        ("amq.rabbitmq.trace", "topic"),
        ("amq.other", "direct"),
        ("", "direct"),
    ):
        ch = w.channel()
        w.see(f"passive {name!r}", ch.exchange(name, kind, passive=True))
        ch = w.channel()
        w.see(f"declare {name!r}", ch.exchange(name, kind))


@fact()
def binding_moves_nothing_that_came_before(w: World) -> None:
    """A queue bound after the publish gets nothing of it."""
    ch = w.channel()
    ch.exchange("logs", "fanout")
    ch.confirm()
    w.see("published to nobody", ch.put("early", "", "logs"))
    _queues(ch, "q")
    ch.bind("q", "logs")
    ch.put("late", "", "logs")
    w.see("q", _drained(ch, "q"))


@fact()
def bindings_differ_by_their_arguments(w: World) -> None:
    """The same key with other arguments is another binding; each is unbound by itself."""
    ch = w.channel()
    ch.exchange("e", "direct")
    _queues(ch, "q")
    ch.bind("q", "e", "k", {"note": 1})
    ch.bind("q", "e", "k", {"note": 2})
    ch.confirm()
    ch.put("both", "k", "e")
    ch.unbind("q", "e", "k", {"note": 1})
    ch.put("one left", "k", "e")
    ch.unbind("q", "e", "k")
    ch.put("still one left", "k", "e")
    ch.unbind("q", "e", "k", {"note": 2})
    ch.put("none left", "k", "e")
    w.see("q", _drained(ch, "q"))
