"""What a server has to do, rule by rule; the numbers in brackets are the specification's statements."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim.errors import SimulationError, UsageError
from mqsim.mqtt import Broker, Limits
from mqsim.mqtt.packets import (
    V3,
    V5,
    Ack,
    Connack,
    Connect,
    Disconnect,
    Publish,
    Request,
    Subscribe,
    Unsubscribe,
    Will,
)
from mqsim.mqtt.properties import Kind, Property
from mqsim.mqtt.reasons import Reason
from mqsim.mqtt.topics import is_filter, matches, parted
from tests.mqtt.link import BOTH, Client, payloads, topics


def fate(client: Client) -> int:
    """The reason of the DISCONNECT with which the server closed."""
    (last,) = (each for each in client.read() if isinstance(each, Disconnect))
    assert client.session.end is not None
    return int(last.reason)


# -- topics --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name", "does"),
    [  # sections 4.7.1 and 4.7.2
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "a/b", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/x", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/x", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("ACCOUNTS", "Accounts", False),
    ],
)
def test_the_specifications_examples_of_filters(pattern: str, name: str, does: bool) -> None:
    assert matches(pattern, name) is does
    client = Client().connect()
    client.subscribe(pattern)
    assert topics(client.publish(name)) == ([name] if does else [])


@pytest.mark.parametrize("text", ["sport/tennis#", "sport/tennis/#/ranking", "sport+", "", "a/b+/c", "##"])
def test_what_is_no_filter(text: str) -> None:
    assert not is_filter(text)
    assert Client().connect().subscribe(text)[0].reasons == [Reason.TOPIC_FILTER_INVALID]
    assert Client(version=V3).connect().subscribe(text)[0].reasons == [0x80]


@pytest.mark.parametrize(
    "text", ["$share/", "$share/g", "$share//a", "$share/g/", "$share/+/a", "$share/g#/a"]
)
def test_what_is_no_shared_filter(text: str) -> None:
    assert parted(text) is None


LEVEL = st.sampled_from(["a", "b", "", "$x"])


@settings(max_examples=200, deadline=None)
@given(
    filters=st.lists(st.lists(LEVEL | st.just("+"), min_size=1, max_size=3), min_size=1, max_size=5),
    ends=st.lists(st.booleans(), min_size=5, max_size=5),
    name=st.lists(LEVEL, min_size=1, max_size=3),
    gone=st.integers(0, 5),
)
def test_the_tree_finds_what_each_filter_matches(
    filters: list[list[str]], ends: list[bool], name: list[str], gone: int
) -> None:
    texts = ["/".join([*levels, "#"] if end else levels) for levels, end in zip(filters, ends, strict=False)]
    topic = "/".join(name)
    client = Client().connect()
    known = [text for text in dict.fromkeys(texts) if text]
    if not known or not topic:
        return
    client.subscribe(*known)
    if gone < len(known):
        client.send(Unsubscribe(1, [known.pop(gone)]))
    found, _ = client.broker.subscriptions.matching(topic)
    assert {each.request.filter for each in found.get("c", [])} == {t for t in known if matches(t, topic)}


# -- connecting ----------------------------------------------------------------------------------------------


def test_a_client_without_a_name_is_given_one() -> None:
    broker = Broker()
    one, two = (Client(broker, "").connect() for _ in range(2))
    names = [each.answer.properties[Property.ASSIGNED_CLIENT_IDENTIFIER] for each in (one, two)]
    assert len(set(names)) == 2
    assert set(names) == set(broker.sessions)


def test_without_a_name_3_1_1_must_start_clean() -> None:
    """[MQTT-3.1.3-8]"""
    client = Client(name="", version=V3).connect(clean=False)
    assert client.answer == Connack(False, 2)
    assert client.session.end is not None
    assert Client(name="", version=V3).connect(clean=True).answer.reason == 0


def test_users_and_passwords() -> None:
    broker = Broker(users={"u": "p"})
    for version, refused in ((V3, 4), (V5, Reason.BAD_USER_NAME_OR_PASSWORD)):
        for user, password, reason in (("u", b"p", 0), ("u", b"q", refused), (None, None, refused)):
            client = Client(broker, version=version)
            client.send(Connect("c", True, 0, None, user, password, {}, version))
            assert client.read()[0].reason == reason
            client.cut()


def test_an_extended_login_is_refused() -> None:
    client = Client().connect(authentication_method="SCRAM")
    assert client.answer.reason == Reason.BAD_AUTHENTICATION_METHOD


def test_a_version_that_is_not_known_is_told_so() -> None:
    for level, reason in ((3, 1), (6, Reason.UNSUPPORTED_PROTOCOL_VERSION)):
        client = Client(version=V3 if level == 3 else V5)
        client.session.receive(bytes.fromhex(f"100c00044d515454{level:02x}02000000 00".replace(" ", "")))
        assert client.read()[0].reason == reason
        assert client.session.end is not None


@pytest.mark.parametrize("clean", [True, False])
def test_another_connection_of_the_same_client_takes_over(clean: bool) -> None:
    """[MQTT-3.1.4-3]"""
    first = Client().connect(expiry=100)
    first.subscribe("a")
    second = Client(first.broker).connect(clean=clean, expiry=100)
    assert fate(first) == Reason.SESSION_TAKEN_OVER
    assert second.answer.session_present is not clean
    assert len(second.publish("a")) == (not clean)


@pytest.mark.parametrize("version", BOTH)
def test_clean_start_and_expiry_are_two_knobs(version: int) -> None:
    client = Client(version=version).keep()
    assert not client.answer.session_present
    client.subscribe("t")
    client.cut()
    other = Client(client.broker, "p").connect()
    other.publish("t", b"kept", qos=1)
    client.broker.advance(3599.0)
    client.keep()
    assert client.answer.session_present
    assert payloads(client.first) == [b"kept"]
    client.cut().keep(clean=True)
    assert not client.answer.session_present
    assert not client.broker.sessions["c"].subscriptions


def test_a_session_of_5_0_ends_when_its_interval_is_over() -> None:
    client = Client().connect(expiry=10)
    client.cut()
    broker = client.broker
    assert broker.next_deadline() == 10.0
    broker.advance(9.999)
    assert "c" in broker.sessions
    broker.advance(10.0)
    assert "c" not in broker.sessions
    assert broker.next_deadline() == float("inf")


def test_disconnect_changes_how_long_a_session_is_kept() -> None:
    """[MQTT-3.14.2-2]: not from nothing to something."""
    client = Client().connect(expiry=10)
    client.send(Disconnect(0, {Property.SESSION_EXPIRY_INTERVAL: 20}))
    client.broker.advance(19.0)
    assert "c" in client.broker.sessions
    client.broker.advance(20.0)
    assert "c" not in client.broker.sessions
    client.connect()
    client.send(Disconnect(0, {Property.SESSION_EXPIRY_INTERVAL: 20}))
    assert fate(client) == Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("version", BOTH)
def test_a_silent_client_is_given_up_after_one_and_a_half_intervals(version: int) -> None:
    """[MQTT-3.1.2-22]"""
    client = Client(version=version).connect(keep_alive=10, will=Will("w", b"gone"))
    watch = Client(client.broker, "watch").connect()
    watch.subscribe("w")
    client.broker.advance(4.0)
    client.session.receive(bytes.fromhex("c000"))
    client.read()
    assert client.session.next_deadline() == 19.0
    client.broker.advance(19.0)
    client.session.tick(19.0)
    assert [each.reason for each in client.read()] == ([Reason.KEEP_ALIVE_TIMEOUT] if version == V5 else [])
    assert client.session.end is not None
    assert payloads(watch.read()) == [b"gone"]


def test_who_never_sends_connect_is_given_up() -> None:
    client = Client()
    assert client.session.next_deadline() == 10.0
    client.broker.advance(10.0)
    client.session.tick(10.0)
    assert client.session.end is not None


def test_the_server_keeps_alive_as_it_wants() -> None:
    client = Client(limits=Limits(keep_alive=30)).connect(keep_alive=600)
    assert client.answer.properties[Property.SERVER_KEEP_ALIVE] == 30
    assert client.session.heartbeat == 30.0
    assert Property.SERVER_KEEP_ALIVE not in client.connect(keep_alive=20).answer.properties


def test_response_information_goes_to_those_who_ask() -> None:
    limits = Limits(response_information="re/")
    told = Client(limits=limits).connect(request_response_information=1).answer.properties
    assert told[Property.RESPONSE_INFORMATION] == "re/"
    assert Property.RESPONSE_INFORMATION not in Client(limits=limits).connect().answer.properties


# -- wills ---------------------------------------------------------------------------------------------------


def _willing(**more: Any) -> tuple[Client, Client]:
    """A client with a will that waits 5 s, and somebody who watches for it."""
    will = Will("w", b"gone", 1, more.pop("retain", False), {Property.WILL_DELAY_INTERVAL: 5})
    client = Client().connect(will=will, **more)
    watch = Client(client.broker, "watch").connect()
    watch.subscribe("w")
    return client, watch


def test_a_will_comes_after_its_delay_and_not_if_the_client_is_back() -> None:
    client, watch = _willing(expiry=100)
    client.cut()
    client.broker.advance(4.9)
    assert watch.read() == []
    client.connect(clean=False, expiry=100)
    client.broker.advance(6.0)
    assert watch.read() == []
    client, watch = _willing(expiry=100)
    client.cut()
    client.broker.advance(5.0)
    assert payloads(watch.read()) == [b"gone"]


def test_a_will_comes_when_the_session_ends_at_the_latest() -> None:
    client, watch = _willing(expiry=2)
    client.cut()
    client.broker.advance(2.0)
    assert payloads(watch.read()) == [b"gone"]
    client, watch = _willing()
    client.cut()
    assert payloads(watch.read()) == [b"gone"]
    client, watch = _willing(expiry=100)
    client.cut()
    client.connect(clean=True)
    assert payloads(watch.read()) == [b"gone"]


@pytest.mark.parametrize(("reason", "comes"), [(0, False), (Reason.DISCONNECT_WITH_WILL, True)])
def test_a_will_and_a_disconnect(reason: int, comes: bool) -> None:
    """[MQTT-3.14.4-3]"""
    client, watch = _willing()
    client.send(Disconnect(reason))
    assert payloads(watch.read()) == ([b"gone"] if comes else [])


def test_a_mistake_of_the_client_brings_its_will() -> None:
    client, watch = _willing(retain=True)
    client.session.receive(b"\x00\x00")
    assert fate(client) == Reason.MALFORMED_PACKET
    assert payloads(watch.read()) == [b"gone"]
    assert client.broker.retained["w"].payload == b"gone"


# -- retained messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", BOTH)
def test_a_topic_keeps_its_last_retained_message(version: int) -> None:
    client = Client(version=version).connect()
    client.publish("t", b"1", retain=True)
    client.publish("t", b"2", retain=True, qos=1)
    client.publish("t", b"3")
    _, message = client.subscribe("t")
    assert (message.payload, message.retain, message.qos) == (b"2", True, 1)
    (now,) = client.publish("t", b"4", retain=True)
    assert not now.retain
    client.publish("t", b"", retain=True)
    assert len(client.subscribe("t")) == 1


@pytest.mark.parametrize(("handling", "first", "again"), [(0, 1, 1), (1, 1, 0), (2, 0, 0)])
def test_retain_handling(handling: int, first: int, again: int) -> None:
    """[MQTT-3.3.1-9 to 11]"""
    client = Client().connect()
    client.publish("t", retain=True)
    assert len(client.subscribe("t", handling=handling)) == 1 + first
    assert len(client.subscribe("t", handling=handling)) == 1 + again


def test_retain_as_published() -> None:
    """[MQTT-3.3.1-12, MQTT-3.3.1-13]"""
    client = Client().connect()
    client.subscribe("t", as_published=True)
    assert client.publish("t", retain=True)[0].retain
    assert not client.publish("t")[0].retain


def test_no_local() -> None:
    """[MQTT-3.8.3-3]"""
    client = Client().connect()
    client.subscribe("t", no_local=True)
    assert client.publish("t") == []
    Client(client.broker, "other").connect().publish("t")
    assert topics(client.read()) == ["t"]


def test_a_message_that_is_too_old_is_not_sent() -> None:
    """[MQTT-3.3.2-5, MQTT-3.3.2-6]"""
    client = Client().connect(expiry=100)
    client.subscribe("t")
    client.cut()
    other = Client(client.broker, "p").connect()
    other.publish("t", b"short", qos=1, message_expiry_interval=5, retain=True)
    other.publish("t", b"long", qos=1, message_expiry_interval=50)
    client.broker.advance(10.0)
    (message,) = client.connect(clean=False).first
    assert message.payload == b"long"
    assert message.properties[Property.MESSAGE_EXPIRY_INTERVAL] == 40
    assert len(other.subscribe("t")) == 1
    assert not client.broker.retained


# -- subscriptions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", BOTH)
def test_overlapping_subscriptions_bring_one_copy_with_the_highest_qos(version: int) -> None:
    """[MQTT-3.3.4-2]"""
    client = Client(version=version).connect()
    client.subscribe("a/+", qos=0)
    client.subscribe("a/#", qos=1)
    came = [each for each in client.publish("a/b", qos=1) if isinstance(each, Publish)]
    assert [each.qos for each in came] == [1]


def test_one_copy_carries_all_identifiers() -> None:
    """[MQTT-3.3.4-3 to 5]"""
    client = Client().connect()
    client.subscribe("a/+", identifier=3)
    client.subscribe("a/#", identifier=4)
    client.subscribe("a/b")
    (message,) = client.publish("a/b")
    assert sorted(message.properties[Property.SUBSCRIPTION_IDENTIFIER]) == [3, 4]


def test_a_second_subscription_with_the_same_filter_replaces_the_first() -> None:
    """[MQTT-3.8.4-3]"""
    client = Client().connect()
    client.subscribe("t", qos=2, identifier=1)
    client.subscribe("t", qos=0, identifier=2)
    message = client.publish("t", qos=1)[0]
    assert message.qos == 0
    assert message.properties[Property.SUBSCRIPTION_IDENTIFIER] == [2]


@pytest.mark.parametrize("version", BOTH)
def test_unsubscribing(version: int) -> None:
    client = Client(version=version).connect()
    client.subscribe("a", "b/#")
    client.send(Unsubscribe(7, ["a", "x", "b/#"]))
    (answer,) = client.read()
    assert answer.packet_id == 7
    assert answer.reasons == ([0, Reason.NO_SUBSCRIPTION_EXISTED, 0] if version == V5 else [])
    assert client.publish("a") == client.publish("b/c") == []


def test_a_group_shares() -> None:
    broker = Broker()
    members = [Client(broker, name).connect(expiry=50) for name in "ab"]
    broker_wide = Client(broker, "all").connect()
    broker_wide.subscribe("t")
    sender = Client(broker, "p").connect()
    sender.publish("t", b"r", retain=True)
    broker_wide.read()
    for each in members:
        # Retained messages do not come to groups.
        assert len(each.subscribe("$share/g/t", qos=1)) == 1
    for k in range(4):
        sender.publish("t", b"%d" % k, qos=1)
    assert [payloads(each.read()) for each in members] == [[b"0", b"2"], [b"1", b"3"]]
    assert len(broker_wide.read()) == 4
    # One that is away is passed over, and what it leaves behind goes to the other.
    members[0].cut()
    sender.publish("t", b"4", qos=1)
    assert payloads(members[1].read()) == [b"4"]
    broker.advance(50.0)
    assert payloads(members[1].read()) == [b"0", b"2"]


def test_a_group_can_not_have_no_local() -> None:
    """[MQTT-3.8.3-4]"""
    client = Client().connect()
    client.subscribe("$share/g/t", no_local=True)
    assert client.session.end is not None


# -- flow ----------------------------------------------------------------------------------------------------


def test_no_more_messages_than_the_client_takes() -> None:
    """[MQTT-3.3.4-9]: the receive maximum counts anew with each connection."""
    client = Client().connect(expiry=100, receive_maximum=2)
    client.subscribe("t", qos=1)
    sender = Client(client.broker, "p").connect()
    for k in range(5):
        sender.publish("t", b"%d" % k, qos=1)
    first = client.read()
    assert payloads(first) == [b"0", b"1"]
    assert payloads(client.ack(Kind.PUBACK, first[0].packet_id)) == [b"2"]
    client.cut().connect(clean=False, expiry=100, receive_maximum=1)
    (again,) = client.first
    assert (again.payload, again.dup) == (b"1", True)
    came = [again]
    for _ in range(4):
        came += client.ack(Kind.PUBACK, came[-1].packet_id)
    assert [(each.payload, each.dup) for each in came] == [
        (b"1", True),
        (b"2", True),
        (b"3", False),
        (b"4", False),
    ]


def test_a_client_that_sends_too_many_at_a_time() -> None:
    """[MQTT-3.3.4-7]"""
    client = Client(limits=Limits(receive_maximum=2)).connect()
    assert client.answer.properties[Property.RECEIVE_MAXIMUM] == 2
    for packet_id in (1, 2):
        client.publish("t", qos=2, packet_id=packet_id)
    client.ack(Kind.PUBREL, 1)
    client.publish("t", qos=2, packet_id=3)
    client.send(Publish("t", b"", 2, packet_id=4))
    assert fate(client) == Reason.RECEIVE_MAXIMUM_EXCEEDED


def test_a_message_that_is_too_large_for_a_client_counts_as_delivered() -> None:
    """[MQTT-3.1.2-24, MQTT-3.1.2-25]"""
    client = Client().connect(maximum_packet_size=30)
    client.subscribe("t", qos=1)
    sender = Client(client.broker, "p").connect()
    sender.publish("t", b"x" * 40, qos=1)
    sender.publish("t", b"y", qos=1)
    assert payloads(client.read()) == [b"y"]
    assert len(client.broker.sessions["c"].in_flight) == 1


def test_a_packet_that_is_too_large_for_the_server() -> None:
    client = Client(limits=Limits(packet_size=40)).connect()
    client.send(Publish("t", b"x" * 60))
    assert fate(client) == Reason.PACKET_TOO_LARGE


def test_topic_aliases_of_the_client() -> None:
    client = Client().connect()
    client.subscribe("#")
    assert topics(client.publish("a", topic_alias=1)) == ["a"]
    assert topics(client.publish("", topic_alias=1)) == ["a"]
    assert topics(client.publish("b", topic_alias=1)) == ["b"]
    assert topics(client.publish("", topic_alias=1)) == ["b"]
    client.send(Publish("", b"", properties={Property.TOPIC_ALIAS: 2}))
    assert fate(client) == Reason.PROTOCOL_ERROR
    for alias in (0, 11):
        client.connect()
        client.send(Publish("a", b"", properties={Property.TOPIC_ALIAS: alias}))
        assert fate(client) == Reason.TOPIC_ALIAS_INVALID
    # A new connection knows no alias.
    client.connect()
    client.send(Publish("", b"", properties={Property.TOPIC_ALIAS: 1}))
    assert fate(client) == Reason.PROTOCOL_ERROR


def test_topic_aliases_of_the_server() -> None:
    """[MQTT-3.1.2-26]"""
    client = Client().connect(topic_alias_maximum=1)
    client.subscribe("#")
    sent = [client.publish(topic)[0] for topic in ("a", "b", "a", "b")]
    assert [(each.topic, each.properties.get(Property.TOPIC_ALIAS)) for each in sent] == [
        ("a", 1),
        ("b", None),
        ("", 1),
        ("b", None),
    ]


def test_a_message_goes_on_with_its_properties_in_their_order() -> None:
    """[MQTT-3.3.2-4, -15, -16, -17, -18, -20]"""
    client = Client().connect()
    client.subscribe("t")
    told: dict[str, Any] = {
        "payload_format_indicator": 1,
        "content_type": "text",
        "response_topic": "re",
        "correlation_data": b"7",
        "user_property": [("b", "1"), ("a", "2"), ("b", "3")],
    }
    (message,) = client.publish("t", **told)
    assert message.properties == {Property[name.upper()]: value for name, value in told.items()}


def test_what_finds_nobody_is_told() -> None:
    client = Client().connect()
    assert client.publish("t", qos=1)[0].reason == Reason.NO_MATCHING_SUBSCRIBERS
    client.subscribe("t", qos=0)
    assert [e.reason for e in client.publish("t", qos=1) if isinstance(e, Ack)] == [0]
    client.publish("t", qos=2, packet_id=5)
    answer = client.publish("t", qos=1, packet_id=5)
    assert answer == [Ack(Kind.PUBACK, 5, Reason.PACKET_IDENTIFIER_IN_USE)]


def test_a_queue_that_is_full_drops_what_comes() -> None:
    client = Client(limits=Limits(queued=2)).connect(expiry=100)
    client.subscribe("t")
    client.cut()
    sender = Client(client.broker, "p").connect()
    for k in range(4):
        sender.publish("t", b"%d" % k, qos=1)
    assert client.broker.sessions["c"].dropped == 2
    assert payloads(client.connect(clean=False).first) == [b"0", b"1"]


def test_packet_identifiers_are_not_used_twice_at_a_time() -> None:
    client = Client(limits=Limits(in_flight=65_535)).connect(receive_maximum=65_535)
    client.subscribe("t", qos=1)
    state = client.broker.sessions["c"]
    sender = Client(client.broker, "p").connect()
    sender.publish("t", qos=1)
    (first,) = client.read()
    state.last_id = 65_534
    for _ in range(3):
        sender.publish("t", qos=1)
    assert first.packet_id == 1
    assert [each.packet_id for each in client.read()] == [65_535, 2, 3]


# -- limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "prop", "packet", "reason"),
    [
        (Limits(maximum_qos=1), "MAXIMUM_QOS", Publish("t", b"", 2, packet_id=1), Reason.QOS_NOT_SUPPORTED),
        (Limits(retained=False), "RETAIN_AVAILABLE", Publish("t", b"", retain=True), 0x9A),
        (Limits(topic_aliases=0), "", Publish("t", b"", properties={Property.TOPIC_ALIAS: 1}), 0x94),
    ],
)
def test_limits_on_messages(limits: Limits, prop: str, packet: Any, reason: int) -> None:
    client = Client(limits=limits).connect()
    assert not prop or Property[prop] in client.answer.properties
    client.send(packet)
    assert fate(client) == reason


@pytest.mark.parametrize(
    ("limits", "prop", "text", "identifier", "reason"),
    [
        (Limits(wildcards=False), Property.WILDCARD_SUBSCRIPTION_AVAILABLE, "a/#", 0, 0xA2),
        (Limits(shared=False), Property.SHARED_SUBSCRIPTION_AVAILABLE, "$share/g/a", 0, 0x9E),
        (Limits(identifiers=False), Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE, "a", 1, 0xA1),
    ],
)
def test_limits_on_subscriptions(
    limits: Limits, prop: Property, text: str, identifier: int, reason: int
) -> None:
    client = Client(limits=limits).connect()
    assert client.answer.properties[prop] == 0
    client.send(
        Subscribe(
            1,
            [Request(text)],
            {Property.SUBSCRIPTION_IDENTIFIER: [identifier]} if identifier else {},
        )
    )
    assert fate(client) == reason


def test_limits_on_wills_and_sessions() -> None:
    limits = Limits(maximum_qos=1, retained=False, session_expiry=50)
    assert Client(limits=limits).connect(will=Will("w", b"", 2)).answer.reason == Reason.QOS_NOT_SUPPORTED
    assert Client(limits=limits).connect(will=Will("w", b"", 0, True)).answer.reason == 0x9A
    client = Client(limits=limits).connect(expiry=100)
    assert client.answer.properties[Property.SESSION_EXPIRY_INTERVAL] == 50
    assert (
        Client(limits=limits).connect(expiry=40).answer.properties.get(Property.SESSION_EXPIRY_INTERVAL)
        is None
    )
    older = Client(limits=limits, version=V3).connect(clean=False).cut()
    older.broker.advance(50.0)
    assert not older.broker.sessions


def test_limits_that_are_none() -> None:
    with pytest.raises(UsageError, match="in_flight is 0"):
        Limits(in_flight=0)


# -- the whole broker ----------------------------------------------------------------------------------------


def test_a_broker_that_stops_says_so() -> None:
    client = Client().connect()
    client.broker.stop()
    assert fate(client) == Reason.SERVER_SHUTTING_DOWN
    assert Client(client.broker).connect().answer.reason == Reason.SERVER_UNAVAILABLE


def test_time_does_not_run_backwards() -> None:
    broker = Broker()
    broker.advance(2.0)
    with pytest.raises(SimulationError):
        broker.advance(1.0)


def test_a_client_that_does_not_read_is_sent_the_rest_when_it_has() -> None:
    client = Client().connect()
    client.subscribe("t", qos=1)
    sender = Client(client.broker, "p").connect()
    for _ in range(4):
        sender.publish("t", b"x" * 700_000, qos=1)
        sender.publish("t", b"y" * 700_000, qos=0)
    first = client.read()
    assert 0 < len(payloads(first)) < 4
    assert len(payloads(first)) + len(payloads(client.read())) == 4
