"""Exchanges, bindings, exclusive and server-named queues, direct reply-to."""

from __future__ import annotations

from base64 import b64decode
from itertools import product

import hypothesis.strategies as st
import pytest
from hypothesis import given

from mqsim.broker import Envelope, Message
from mqsim.broker.exchanges import headers_match, topic_matches
from mqsim.broker.properties import enter, shown
from mqsim.broker.topology import MOST_ROUTES_KNOWN
from mqsim.errors import ChannelError
from tests.broker.bench import Bench
from tests.broker.records import ConsumerCancelled, Unroutable


def fits(pattern: list[str], words: list[str]) -> bool:
    """Topic matching as its definition reads."""
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(fits(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and fits(pattern[1:], words[1:])


WORDS = st.sampled_from(["a", "b", ""])


@given(pattern=st.lists(WORDS | st.sampled_from(["*", "#"]), max_size=5), words=st.lists(WORDS, max_size=5))
def test_topics_match_as_their_definition_reads(pattern: list[str], words: list[str]) -> None:
    # A lone empty word can't be written: the empty text is no word at all.
    if [""] not in (pattern, words):
        assert topic_matches(".".join(pattern), ".".join(words)) == fits(pattern, words)


def test_headers_match_by_type_and_void_asks_for_presence() -> None:
    values = (1, True, "1", 1.0)
    for asked, given_ in product(values, values):
        assert headers_match({"a": asked}, {"a": given_}) == (asked is given_)
    assert headers_match({"a": None}, {"a": 5})
    assert not headers_match({"a": None}, {})


@pytest.mark.parametrize(
    ("how", "fitting"),
    [
        ("all", ["both", "x differs"]),
        ("any", ["both", "x differs", "only b"]),
        ("all-with-x", ["both"]),
        ("any-with-x", ["both", "x differs", "only b", "only x"]),
    ],
)
def test_x_match(how: str, fitting: list[str]) -> None:
    binding = {"x-match": how, "x-a": 1, "b": 2, "c": 3}
    tried = {
        "both": {"x-a": 1, "b": 2, "c": 3},
        "x differs": {"x-a": 9, "b": 2, "c": 3},
        "only b": {"b": 2},
        "only x": {"x-a": 1},
        "none": {"d": 1},
    }
    assert [name for name, headers in tried.items() if headers_match(binding, headers)] == fitting


def test_each_queue_gets_one_copy_however_many_bindings_match_and_circles_end() -> None:
    bench = Bench()
    for name in ("source", "middle"):
        bench.channel.declare_exchange(name, "topic")
    bench.queue("a")
    bench.queue("b")
    bench.channel.bind_exchange("middle", "source", "#")
    bench.channel.bind_exchange("source", "middle", "#")
    for key in ("x.*", "x.#", "#"):
        bench.channel.bind_queue("a", "source", key)
        bench.channel.bind_queue("a", "middle", key)
    bench.channel.bind_queue("b", "middle", "x.y")
    bench.put("1", to="x.y", exchange="source")
    bench.put("2", to="z", exchange="source")
    assert (bench.drain("a"), bench.drain("b")) == (["1", "2"], ["1"])
    bench.channel.unbind_exchange("middle", "source", "#")
    bench.put("3", to="x.y", exchange="source")
    assert (bench.drain("a"), bench.drain("b")) == (["3"], [])


def test_an_alternate_exchange_takes_what_nobody_wants() -> None:
    bench = Bench()
    bench.channel.declare_exchange("spare", "fanout")
    bench.channel.declare_exchange("e", "direct", arguments={"alternate-exchange": "spare"})
    bench.queue("a")
    bench.queue("rest")
    bench.channel.bind_queue("a", "e", "a")
    bench.channel.bind_queue("rest", "spare")
    bench.put("1", to="a", exchange="e")
    bench.put("2", to="b", exchange="e")
    assert (bench.drain("a"), bench.drain("rest")) == (["1"], ["2"])
    with pytest.raises(ChannelError, match="inequivalent arg 'alternate-exchange' for exchange 'e'"):
        bench.new_channel().declare_exchange("e", "direct", arguments={"alternate-exchange": "other"})


def test_an_internal_exchange_takes_from_exchanges_alone() -> None:
    bench = Bench()
    bench.channel.declare_exchange("inner", "fanout", internal=True)
    bench.channel.declare_exchange("outer", "fanout")
    bench.queue()
    bench.channel.bind_queue("q", "inner")
    bench.channel.bind_exchange("inner", "outer")
    bench.put("through", exchange="outer")
    assert bench.drain() == ["through"]
    with pytest.raises(ChannelError, match="cannot publish to internal exchange 'inner' in vhost '/'"):
        bench.put("straight", exchange="inner", by=bench.new_channel())


def test_unbinding_takes_the_very_binding_and_the_last_one_an_auto_delete_exchange() -> None:
    bench = Bench()
    bench.channel.declare_exchange("e", "direct", auto_delete=True)
    bench.channel.declare_exchange("source", "fanout", auto_delete=True)
    bench.channel.bind_exchange("e", "source")
    bench.queue()
    for key in ("a", "a", "b"):
        bench.channel.bind_queue("q", "e", key)
    bench.channel.unbind_queue("q", "e", "a")
    bench.channel.unbind_queue("q", "e", "missing")
    bench.put("1", to="a", exchange="e")
    bench.put("2", to="b", exchange="e")
    assert bench.drain() == ["2"]
    bench.channel.delete_queue("q")
    assert {"e", "source"} & bench.broker.exchanges.keys() == set()


def test_a_route_is_kept_only_as_long_as_the_topology() -> None:
    bench = Bench()
    bench.channel.declare_exchange("e", "fanout")
    bench.queue("a")
    bench.queue("b")
    bench.channel.bind_queue("a", "e")
    bench.put("1", exchange="e")
    bench.channel.bind_queue("b", "e")
    bench.put("2", exchange="e")
    bench.channel.delete_queue("a")
    bench.put("3", exchange="e")
    assert bench.drain("b") == ["2", "3"]


def test_names_made_by_the_server_differ_and_the_empty_name_means_the_last_one() -> None:
    bench = Bench()
    first, second = (bench.channel.declare_queue("", exclusive=True).name for _ in range(2))
    assert first != second
    assert first.startswith("amq.gen-")
    bench.put("m", to=second)
    assert bench.fetch("") == "m"


def test_deleting_a_queue_cancels_its_consumers() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a")
    told: list[str] = []
    channel.on_cancel = lambda consumer: told.append(consumer.tag)
    bench.channel.delete_queue("q")
    assert told == ["a"]
    assert [(event.queue, event.tag) for event in bench.journal.of(ConsumerCancelled)] == [("q", "a")]
    bench.queue()
    bench.consume("a", channel=channel)


def test_a_purge_takes_ready_messages_alone() -> None:
    bench = Bench()
    bench.queue()
    bench.put(*"abc")
    bench.channel.get("q")
    assert bench.channel.purge("q") == 2
    bench.channel.nack(1)
    assert bench.drain() == ["a*"]
    assert bench.left() == [("b", "purged"), ("c", "purged")]


def test_a_direct_reply_finds_its_client_as_long_as_that_listens() -> None:
    bench = Bench()
    bench.queue("rpc")
    client = bench.consume("replies", queue="amq.rabbitmq.reply-to", no_ack=True)
    enter(client, "", "rpc", b"question", {"reply_to": "amq.rabbitmq.reply-to"})
    _, request = bench.channel.get("rpc") or (0, None)
    assert isinstance(request, Message)
    address = str(shown(request)["reply_to"])
    assert address.startswith("amq.rabbitmq.reply-to.")
    bench.put("answer", to=address)
    assert bench.got["replies"] == ["answer"]
    client.close()
    bench.put("too late", to=address)
    assert bench.got["replies"] == ["answer"]
    with pytest.raises(ChannelError, match="fast reply consumer does not exist"):
        enter(bench.new_channel(), "", "rpc", b"m", {"reply_to": "amq.rabbitmq.reply-to"})


def test_cc_and_bcc_are_further_keys_and_bcc_is_not_shown() -> None:
    bench = Bench()
    for name in "abc":
        bench.queue(name)
    bench.put("m", to="a", headers={"CC": ["b"], "BCC": ["c"]})
    for name in "abc":
        _, message = bench.channel.get(name) or (0, None)
        assert message is not None
        assert shown(message)["headers"] == {"CC": ["b"]}


def test_two_brokers_that_share_an_envelope_route_it_each_by_itself() -> None:
    # Both have changed equally often, so that a count of changes can't tell them apart.
    one, other = Bench(), Bench()
    for bench in (one, other):
        bench.queue("q")
    other.channel.declare_queue("elsewhere", durable=True)
    one.channel.declare_queue("here", durable=True)
    shared = Envelope("", "q", body=b"m")
    for bench in (one, other):
        bench.channel.publish(Message(shared))
    assert (one.ready(), other.ready()) == (1, 1)
    keyed = Envelope("", "here", body=b"m")
    one.channel.publish(Message(keyed))
    other.channel.publish(Message(keyed))
    assert one.ready("here") == 1
    assert [event.message.envelope for event in other.journal.of(Unroutable)] == [keyed]


def test_a_route_is_worked_out_anew_for_other_headers_and_after_a_change() -> None:
    bench = Bench()
    for name in "ab":
        bench.queue(name)
    bench.channel.declare_exchange("x", "headers")
    bench.channel.bind_queue("a", "x", arguments={"to": "a"})
    bench.channel.bind_queue("b", "x", arguments={"to": "b"})
    for to in ("a", "b", "a"):
        bench.put("m", to="k", exchange="x", headers={"to": to})
    bench.put("m", to="k", exchange="x")
    assert (bench.ready("a"), bench.ready("b")) == (2, 1)
    bench.channel.bind_queue("b", "x", arguments={"x-match": "all"})
    bench.put("m", to="k", exchange="x")
    assert (bench.ready("a"), bench.ready("b")) == (2, 2)
    bench.channel.delete_queue("b")
    bench.put("m", to="k", exchange="x", headers={"to": "a"})
    assert bench.ready("a") == 3
    bench.queue("b")
    bench.put("m", to="b")
    assert bench.ready("b") == 1


def test_more_keys_than_are_remembered_find_their_queues() -> None:
    bench = Bench()
    bench.queue("q")
    bench.channel.declare_exchange("x", "topic")
    bench.channel.bind_queue("q", "x", "odd.#")
    for number in range(2 * MOST_ROUTES_KNOWN + 1):
        bench.put("m", to=f"{'odd' if number % 2 else 'even'}.{number}", exchange="x")
    assert bench.ready("q") == MOST_ROUTES_KNOWN
    assert sum(map(len, bench.broker.topology.routes.values())) <= MOST_ROUTES_KNOWN


def test_an_address_of_direct_reply_to_has_five_parts_of_which_two_are_base64() -> None:
    bench = Bench()
    bench.channel.consume("amq.rabbitmq.reply-to", lambda *_: None, no_ack=True)
    assert bench.channel.reply_to is not None
    parts = bench.channel.reply_to.name.split(".")
    assert parts[:3] == ["amq", "rabbitmq", "reply-to"]
    assert [part[-2:] for part in parts[3:]] == ["==", "=="]
    assert len(b64decode(parts[4], validate=True)) == 16
    assert b64decode(parts[3], validate=True)


@pytest.mark.parametrize("confirms", [False, True])
@pytest.mark.parametrize(("version", "codes"), [("3.10", [312]), ("4.0", []), ("4.3", [])])
def test_a_mandatory_reply_is_delivered_and_on_3_10_returned_too(
    version: str, codes: list[int], confirms: bool
) -> None:
    bench = Bench(version)
    got: list[bytes] = []
    bench.channel.consume(
        "amq.rabbitmq.reply-to", lambda _c, _t, message: got.append(message.envelope.body), no_ack=True
    )
    assert bench.channel.reply_to is not None
    server = bench.confirming() if confirms else bench.new_channel()
    returned: list[int] = []
    server.on_return = lambda _message, code, _text: returned.append(code)
    for mandatory in (False, True):
        bench.put("answer", to=bench.channel.reply_to.name, by=server, mandatory=mandatory)
    assert (got, returned) == ([b"answer", b"answer"], codes)
    assert bench.confirms == ([(1, True), (2, True)] if confirms else [])
