"""The management API: beside that of a real RabbitMQ, and as rabbitmqadmin and a browser use it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pika
import pytest
import requests

from mqsim.broker import Broker
from mqsim.server.host import Host
from mqsim.server.management import Management
from mqsim.server.management.counts import Counts, SessionCounts
from tests.browser.chromium import INSTALL_HINT as CHROMIUM_HINT
from tests.browser.chromium import available, browser
from tests.conformance.servers import INSTALL_HINT, RealBroker
from tests.outside import missing
from tests.server.box import close

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

GUEST = ("guest", "guest")
ADMIN = Path("/usr/lib/rabbitmq/lib").glob(
    "rabbitmq_server-*/plugins/rabbitmq_management-*/priv/www/cli/rabbitmqadmin"
)


class Managed:
    """A simulated broker with its management API, on ports of their own."""

    def __init__(self, version: str = "3.10") -> None:
        self.version = version
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Managed:
        self._thread.start()
        self._ready.result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    async def _run(self) -> None:
        try:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            counts = Counts()
            self.host = Host(Broker(self.version, counts), lambda: Broker(self.version, counts))
            self.host.session_observer = SessionCounts(counts)
            web = Management(self.host, counts)
            self.management_port = web.listen(0)
            self.port = await self.host.listen("127.0.0.1", 0)
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(None)
        await self._stop.wait()
        await web.stop()
        await self.host.stop()


@pytest.fixture
def ours() -> Iterator[Managed]:
    """A simulated broker, the same generation as Debian's."""
    with Managed() as made:
        yield made


def asked(server: Any, method: str, path: str, data: Any = None, **options: Any) -> requests.Response:
    url = f"http://127.0.0.1:{server.management_port}/api/{path}"
    options.setdefault("auth", GUEST)
    return requests.request(method, url, json=data, timeout=20, **options)


def channel_of(server: Any, vhost: str = "/", user: str = "guest") -> Any:
    """A channel of a client that the test closes; the user's password is the name."""
    login = pika.PlainCredentials(user, user)
    return pika.BlockingConnection(
        pika.ConnectionParameters("127.0.0.1", server.port, vhost, login)
    ).channel()


# -- beside a real one

Q, E = "queues/%2F/", "exchanges/%2F/"
MESSAGE = {"properties": {}, "routing_key": "a.b", "payload": "hi", "payload_encoding": "string"}
GET = {"count": 5, "ackmode": "ack_requeue_true", "encoding": "auto"}
TALK: list[tuple[str, str, Any]] = [
    ("GET", "whoami", None),
    ("GET", "queues", None),
    ("GET", Q + "none", None),
    ("PUT", Q + "q", {"durable": True, "arguments": {"x-max-length": 5}}),
    ("PUT", Q + "q", {"durable": True, "arguments": {"x-max-length": 5}}),
    ("PUT", Q + "q", {"durable": False}),
    ("PUT", Q + "quorum", {"arguments": {"x-queue-type": "quorum"}}),
    ("PUT", Q + "bad", {"arguments": {"x-max-length": -1}}),
    ("PUT", "queues/nowhere/q", {}),
    ("PUT", E + "e", {"type": "topic"}),
    ("PUT", E + "e", {"type": "topic"}),
    ("PUT", E + "e", {"type": "fanout"}),
    ("PUT", E + "x", {"type": "nonsense"}),
    ("PUT", E + "amq.own", {"type": "fanout"}),
    ("POST", "bindings/%2F/e/e/q/q", {"routing_key": "a.*"}),
    ("POST", "bindings/%2F/e/none/q/q", {"routing_key": "k"}),
    ("GET", "bindings/%2F/e/e/q/q", None),
    ("GET", "bindings/%2F/e/e/q/q/a.%252A", None),
    ("GET", Q + "q/bindings", None),
    ("GET", E + "e/bindings/source", None),
    ("POST", E + "e/publish", MESSAGE),
    ("POST", E + "e/publish", MESSAGE | {"routing_key": "elsewhere"}),
    ("POST", E + "e/publish", {"routing_key": "a.b", "payload": "hi"}),
    ("POST", E + "none/publish", MESSAGE),
    (
        "POST",
        E + "amq.default/publish",
        MESSAGE | {"routing_key": "q", "payload": "/w==", "payload_encoding": "base64"},
    ),
    ("POST", Q + "q/get", GET),
    ("POST", Q + "q/get", GET | {"ackmode": "reject_requeue_true", "encoding": "base64", "truncate": 1}),
    ("POST", Q + "q/get", GET | {"ackmode": "ack_requeue_false", "count": 1}),
    ("POST", Q + "q/get", GET | {"ackmode": "reject_requeue_false"}),
    ("POST", Q + "q/get", GET),
    ("POST", Q + "q/get", {"count": 1, "encoding": "auto"}),
    ("POST", Q + "none/get", GET),
    ("DELETE", Q + "q/contents", None),
    ("DELETE", "bindings/%2F/e/e/q/q/nonsense", None),
    ("DELETE", "bindings/%2F/e/e/q/q/a.%252A", None),
    ("GET", "bindings/%2F/e/e/q/q", None),
    ("DELETE", E + "e?if-unused=true", None),
    ("DELETE", E + "e", None),
    ("DELETE", Q + "q?if-empty=true", None),
    ("DELETE", Q + "q", None),
    ("DELETE", Q + "quorum", None),
    ("PUT", "vhosts/shop", None),
    ("PUT", "vhosts/shop", None),
    ("PUT", "queues/shop/q", {"durable": True}),
    ("GET", "queues/shop/q/bindings", None),
    ("PUT", "users/ann", {"password": "secret", "tags": "monitoring"}),
    ("PUT", "users/bob", {"password": "secret"}),
    ("GET", "permissions/shop/ann", None),
    ("PUT", "permissions/shop/ann", {"configure": ".*"}),
    ("PUT", "permissions/shop/ann", {"configure": "", "write": ".*", "read": ".*"}),
    ("GET", "permissions/shop/ann", None),
    ("GET", "users/ann/permissions", None),
    ("DELETE", "permissions/shop/ann", None),
    ("DELETE", "users/ann", None),
    ("DELETE", "users/ann", None),
    ("DELETE", "vhosts/shop", None),
    ("GET", "queues/shop", None),
    ("GET", "aliveness-test/%2F", None),
    ("GET", "nonsense", None),
    ("GET", "health/checks/alarms", None),
    ("GET", "policies", None),
]

LEFT_OUT = {"user_who_performed_action", "node", "message_count"}
"""Who did it and where differs; how many are behind a message is counted at another time."""


def heard(server: Any) -> list[Any]:
    """What a server answers to all of that: status and, but for what belongs to the server, the text."""
    told: list[Any] = []
    for method, path, data in TALK:
        answer = asked(server, method, path, data)
        text = json.loads(answer.text) if answer.text and answer.status_code < 500 else None
        if (method, path) == ("GET", "queues"):
            text = len(text)
        told.append((method, path, answer.status_code, _without(text)))
    return told


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items() if key not in LEFT_OUT}
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.mark.xdist_group("rabbitmq")
def test_a_real_one_answers_the_same(real_rabbitmq_with_management: RealBroker, ours: Managed) -> None:
    expected, found = heard(real_rabbitmq_with_management), heard(ours)
    for one, other in zip(expected, found, strict=True):
        assert one == other


@pytest.fixture(scope="module")
def real_rabbitmq_with_management() -> Iterator[RealBroker]:
    """Debian's RabbitMQ with its management plugin."""
    if not RealBroker.available():
        missing(INSTALL_HINT)
    with RealBroker(management=True) as server:
        yield server


def commanded(script: Path, server: Any, *words: str) -> str:
    line = [sys.executable, str(script), "-P", str(server.management_port), *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.xdist_group("rabbitmq")
def test_rabbitmqadmin_prints_the_same(real_rabbitmq_with_management: RealBroker, ours: Managed) -> None:
    script = next(ADMIN)
    asked(real_rabbitmq_with_management, "DELETE", Q + "aliveness-test")  # left by the test before
    for words in (
        "declare queue name=q durable=true",
        "declare exchange name=e type=topic",
        "declare binding source=e destination=q routing_key=a.*",
        "list queues name",
        "list exchanges name type",
        "list bindings source destination routing_key",
        "publish exchange=e routing_key=a.b payload=hello",
        "publish exchange=e routing_key=elsewhere payload=hello",
        "get queue=q ackmode=ack_requeue_true",
        "get queue=q ackmode=ack_requeue_false",
        "list vhosts name",
        "list users name tags",
        "declare vhost name=shop",
        "declare user name=ann password=secret tags=monitoring",
        "declare permission vhost=shop user=ann configure=.* write=.* read=.*",
        "list permissions",
        "delete vhost name=shop",
        "delete user name=ann",
        "purge queue name=q",
        "delete queue name=q",
        "delete queue name=q",
        "delete exchange name=e",
        "list connections name",
    ):
        expected, found = (
            commanded(script, server, *words.split()) for server in (real_rabbitmq_with_management, ours)
        )
        assert found == expected, words


# -- what only time can tell


def test_numbers_of_queues_connections_channels_and_consumers(ours: Managed) -> None:
    channel = channel_of(ours)
    try:
        channel.queue_declare("q", durable=True)
        for _ in range(5):
            channel.basic_publish("", "q", b"hello")
        channel.basic_qos(prefetch_count=2)
        got: list[int] = []
        channel.basic_consume(
            "q", lambda _c, method, _p, _b: got.append(method.delivery_tag), consumer_tag="t"
        )
        while len(got) < 2:
            channel.connection.process_data_events(0.1)
        channel.basic_ack(got[0])
        while len(got) < 3:
            channel.connection.process_data_events(0.1)
        queue = asked(ours, "GET", Q + "q").json()
        numbers = [
            queue[name] for name in ("messages", "messages_ready", "messages_unacknowledged", "consumers")
        ]
        assert numbers == [4, 2, 2, 1]
        stats = queue["message_stats"]
        assert [stats[name] for name in ("publish", "deliver", "deliver_get", "ack", "redeliver")] == [
            5,
            3,
            3,
            1,
            0,
        ]
        (connection,) = asked(ours, "GET", "connections").json()
        assert connection["client_properties"]["product"] == "Pika Python Client Library"
        host, port = channel.connection._impl._transport._sock.getsockname()[:2]
        assert (connection["peer_host"], connection["peer_port"]) == (host, port)
        (one,) = asked(ours, "GET", "channels").json()
        assert (one["prefetch_count"], one["messages_unacknowledged"], one["consumer_count"]) == (2, 2, 1)
        assert asked(ours, "GET", f"channels/{one['name']}").json()["number"] == 1
        (consumer,) = asked(ours, "GET", "consumers/%2F").json()
        assert (consumer["consumer_tag"], consumer["queue"]["name"], consumer["prefetch_count"]) == (
            "t",
            "q",
            2,
        )
        assert queue["consumer_details"] == [consumer]
        totals = asked(ours, "GET", "overview").json()
        assert totals["object_totals"] == {
            "connections": 1, "channels": 1, "consumers": 1, "queues": 1, "exchanges": 7,
        }  # fmt: skip
        answer = asked(ours, "DELETE", f"connections/{connection['name']}", headers={"X-Reason": "because"})
        assert answer.status_code == 204
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="CONNECTION_FORCED - because"):
            channel.connection.process_data_events(5)
    finally:
        close(channel.connection)


def test_deliveries_without_acknowledgement_are_counted_apart(ours: Managed) -> None:
    channel = channel_of(ours)
    try:
        channel.queue_declare("q")
        for _ in range(3):
            channel.basic_publish("", "q", b"hello")
        channel.basic_get("q", auto_ack=True)
        channel.basic_nack(channel.basic_get("q")[0].delivery_tag)
        channel.basic_get("q")
        stats = asked(ours, "GET", Q + "q").json()["message_stats"]
        names = ("publish", "get", "get_no_ack", "deliver_get", "ack", "redeliver")
        assert [stats[name] for name in names] == [3, 2, 1, 3, 0, 1]
    finally:
        close(channel.connection)


def test_definitions_go_out_and_come_in(ours: Managed) -> None:
    asked(ours, "PUT", "vhosts/shop")
    asked(ours, "PUT", "users/ann", {"password": "secret", "tags": "management"})
    asked(ours, "PUT", "permissions/shop/ann", {"configure": ".*", "write": ".*", "read": ".*"})
    asked(ours, "PUT", "queues/shop/q", {"durable": True, "arguments": {"x-max-length": 3}})
    asked(ours, "PUT", "exchanges/shop/e", {"type": "headers"})
    bound = {"routing_key": "", "arguments": {"x-match": "all", "n": 1}}
    asked(ours, "POST", "bindings/shop/e/e/q/q", bound)
    told = asked(ours, "GET", "definitions").json()
    with Managed() as other:
        assert asked(other, "POST", "definitions", told).status_code == 204
        again = asked(other, "GET", "definitions").json()
        assert {key: again[key] for key in ("queues", "exchanges", "bindings", "vhosts", "permissions")} == {
            key: told[key] for key in ("queues", "exchanges", "bindings", "vhosts", "permissions")
        }
        assert asked(other, "GET", "whoami", auth=("ann", "secret")).json()["name"] == "ann"
        assert [each["name"] for each in asked(other, "GET", "queues", auth=("ann", "secret")).json()] == [
            "q"
        ]
        assert asked(other, "GET", "users", auth=("ann", "secret")).status_code == 401
    assert asked(ours, "POST", "definitions", {"queues": 3}).status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("columns=name", [{"name": name} for name in "abc"]),
        ("columns=name&sort=name&sort_reverse=true", [{"name": name} for name in "cba"]),
        ("page=2&page_size=2", {"item_count": 1, "page": 2, "page_count": 2, "total_count": 3}),
        ("page=9&page_size=2", {"error": "bad_request"}),
        ("page=x", {"error": "bad_request"}),
    ],
)
def test_a_list_is_cut_as_it_is_asked(ours: Managed, query: str, expected: Any) -> None:
    for name in "bca":
        asked(ours, "PUT", Q + name, {})
    found = asked(ours, "GET", f"queues?{query}").json()
    if isinstance(expected, dict):
        found = {key: found[key] for key in expected}
    assert found == expected


@pytest.mark.parametrize(
    ("auth", "status", "text"),
    [(None, 401, ""), (("guest", "wrong"), 401, "Login failed"), (("no", "body"), 401, "Login failed")],
)
def test_who_may_not_ask(ours: Managed, auth: Any, status: int, text: str) -> None:
    answer = asked(ours, "GET", "queues", auth=auth or (lambda request: request))
    assert answer.status_code == status
    assert text in answer.text
    assert asked(ours, "GET", "nonsense", auth=auth or (lambda request: request)).status_code == status


def test_what_is_sent_and_no_json_is_refused(ours: Managed) -> None:
    url = f"http://127.0.0.1:{ours.management_port}/api/{Q}q"
    for sent in (b"{no", b"[]", b"\xff", b"3", b'{"n": Infinity}', b'{"text": "\\ud800"}', b"[" * 100_000):
        answer = requests.put(url, data=sent, auth=GUEST, timeout=20)
        assert (answer.status_code, answer.json()["reason"]) == (400, "not_json")


def test_the_page_shows_the_queues_in_a_browser(ours: Managed) -> None:
    if not available():
        missing(CHROMIUM_HINT)
    for name in ("tasks", "<b>bold</b>"):
        asked(ours, "PUT", Q + quote(name, safe=""), {})
    asked(ours, "POST", E + "amq.default/publish", MESSAGE | {"routing_key": "tasks"})
    problems: list[str] = []
    with browser() as chromium:
        login: Any = {"username": "guest", "password": "guest"}
        page = chromium.new_context(http_credentials=login, viewport={"width": 390, "height": 600}).new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"http://127.0.0.1:{ours.management_port}/")
        page.wait_for_selector("#queues tr")
        rows = [row.split("\t") for row in page.locator("#queues tr").all_inner_texts()]
        assert [row[:3] for row in rows] == [["<b>bold</b>", "0", "0"], ["tasks", "1", "0"]]
        assert page.inner_text("#summary") == "2 queues: 1 ready, 0 unacknowledged."
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems == []


# -- who means harm

TOO_LARGE = {"x": 2**70}
DEEP: dict[str, Any] = {"x": 1}
for _ in range(100):
    DEEP = {"x": DEEP}


@pytest.mark.parametrize("arguments", [TOO_LARGE, {"x": [TOO_LARGE]}, DEEP])
@pytest.mark.parametrize(("method", "path"), [("PUT", Q + "new"), ("POST", "bindings/%2F/e/amq.topic/q/q")])
def test_arguments_that_no_frame_can_carry_are_refused(
    ours: Managed, method: str, path: str, arguments: Any
) -> None:
    asked(ours, "PUT", Q + "q", {})
    answer = asked(ours, method, path, {"arguments": arguments})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    given = {"queues": [{"name": "q2", "vhost": "/", "arguments": {"x-max-priority": 2**70}}]}
    assert asked(ours, "POST", "definitions", given).status_code == 400
    assert [each["name"] for each in asked(ours, "GET", "queues").json()] == ["q"]


@pytest.mark.parametrize(
    "properties",
    [
        {"headers": TOO_LARGE},
        {"headers": DEEP},
        {"priority": 999},
        {"priority": 1.5},
        {"delivery_mode": "x"},
        {"content_type": {}},
        {"timestamp": "abc"},
        {"timestamp": 2**70},
    ],
)
def test_properties_that_no_frame_can_carry_are_refused(ours: Managed, properties: Any) -> None:
    asked(ours, "PUT", Q + "q", {})
    sent = MESSAGE | {"routing_key": "q", "properties": properties}
    answer = asked(ours, "POST", E + "amq.default/publish", sent)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert asked(ours, "GET", Q + "q").json()["messages"] == 0


def test_a_consumer_gets_what_the_api_published(ours: Managed) -> None:
    asked(ours, "PUT", Q + "q", {})
    headers = {"n": 1, "far": 2**40, "list": [True, None, "ä"], "table": {"half": 0.5}}
    sent = MESSAGE | {"routing_key": "q", "properties": {"headers": headers, "priority": 3}}
    assert asked(ours, "POST", E + "amq.default/publish", sent).json() == {"routed": True}
    channel = channel_of(ours)
    try:
        properties = channel.basic_get("q", auto_ack=True)[1]
        assert properties.priority == 3
        assert properties.headers["far"] == 2**40
        assert properties.headers["list"] == [True, None, "ä"]
    finally:
        close(channel.connection)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", Q + "q/bindings"),
        ("PUT", Q + "q/bindings"),
        ("GET", Q + "q/contents"),
        ("PUT", Q + "new/contents"),
        ("PUT", E + "new/publish"),
        ("DELETE", E + "e/publish"),
        ("POST", "bindings/%2F/e/e/q/q/~"),
        ("DELETE", "connections/nobody/channels"),
    ],
)
def test_a_path_that_only_looks_like_a_thing_does_nothing_to_it(
    ours: Managed, method: str, path: str
) -> None:
    asked(ours, "PUT", Q + "q", {})
    asked(ours, "PUT", E + "e", {"type": "fanout"})
    assert asked(ours, method, path, {"type": "fanout"}).status_code == 405
    assert [each["name"] for each in asked(ours, "GET", "queues").json()] == ["q"]
    assert "e" in {each["name"] for each in asked(ours, "GET", "exchanges").json()}
    assert "new" not in {each["name"] for each in asked(ours, "GET", "exchanges").json()}


USERS = {"own": "management", "watch": "monitoring", "policy": "policymaker", "bare": ""}
WHO_SEES = [
    ("GET", "connections", {"guest": 2, "own": 1, "watch": 2, "policy": 0, "bare": 401}),
    ("GET", "channels", {"guest": 2, "own": 1, "watch": 2, "policy": 0, "bare": 401}),
    ("GET", "consumers", {"guest": 2, "own": 1, "watch": 2, "policy": 0, "bare": 401}),
    ("GET", "vhosts/%2F/connections", {"guest": 2, "own": 1, "watch": 401, "policy": 401, "bare": 401}),
    ("GET", "vhosts/%2F/channels", {"guest": 2, "own": 1, "watch": 401, "policy": 401, "bare": 401}),
    ("GET", "vhosts/nowhere/connections", dict.fromkeys(("guest", "own", "watch", "policy"), 404)),
    ("GET", "vhosts/%2F", {"guest": 200, "own": 401, "watch": 401, "policy": 401, "bare": 401}),
    ("PUT", "vhosts/mine", {"own": 401, "watch": 401, "policy": 401, "bare": 401}),
    ("GET", "users", {"guest": 5, "own": 401, "watch": 401, "policy": 401, "bare": 401}),
    ("PUT", "users/own", {"own": 401, "watch": 401, "policy": 401, "bare": 401}),
    ("GET", "definitions", {"own": 401, "watch": 401, "policy": 401, "bare": 401}),
    ("GET", Q + "q", {"guest": 200, "own": 200, "watch": 401, "policy": 401, "bare": 401}),
    ("DELETE", Q + "q", {"watch": 401, "policy": 401, "bare": 401}),
    ("GET", "connections/{guest}", {"guest": 200, "own": 401, "watch": 200, "policy": 401, "bare": 401}),
    ("GET", "connections/{own}", {"own": 200, "policy": 401}),
    ("GET", "connections/{guest}/channels", {"guest": 1, "own": 401, "watch": 1, "policy": 401}),
    ("DELETE", "connections/{guest}", {"own": 401, "watch": 401, "policy": 401, "bare": 401}),
]
"""What each user is answered: a status, or how many items."""


def seen_by_users(server: Any) -> list[Any]:
    """What a server answers to each of these users: the status, and the reason where it is no success."""
    asked(server, "PUT", Q + "q", {})
    for name, tags in USERS.items():
        asked(server, "PUT", f"users/{name}", {"password": name, "tags": tags})
    asked(server, "PUT", "permissions/%2F/own", {"configure": ".*", "write": ".*", "read": ".*"})
    channels = {name: channel_of(server, user=name) for name in ("guest", "own")}
    try:
        for channel in channels.values():
            channel.basic_consume("q", lambda *_: None)
        # A real one gathers its numbers every five seconds.
        for kind in ("connections", "channels", "consumers"):
            while len(asked(server, "GET", kind).json()) < 2:
                time.sleep(0.1)
        names = {each["user"]: each["name"] for each in asked(server, "GET", "connections").json()}
        told = []
        for method, path, expected in WHO_SEES:
            for user in expected:
                answer = asked(server, method, path.format(**names), auth=(user, user))
                text = answer.json()
                if answer.status_code != 200:
                    told.append((method, path, user, answer.status_code, text))
                else:
                    told.append((method, path, user, len(text) if isinstance(text, list) else 200))
        return told
    finally:
        for channel in channels.values():
            close(channel.connection)
        asked(server, "DELETE", Q + "q")
        for name in USERS:
            asked(server, "DELETE", f"users/{name}")


def test_who_sees_and_does_what(ours: Managed) -> None:
    told = [each[:4] for each in seen_by_users(ours)]
    assert told == [
        (method, path, user, status)
        for method, path, expected in WHO_SEES
        for user, status in expected.items()
    ]


@pytest.mark.xdist_group("rabbitmq")
def test_a_real_one_lets_them_see_and_do_the_same(
    real_rabbitmq_with_management: RealBroker, ours: Managed
) -> None:
    assert seen_by_users(ours) == seen_by_users(real_rabbitmq_with_management)


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "queues?sort=arguments", None, 200),
        ("GET", "queues?sort=message_stats", None, 200),
        ("GET", "queues?sort=name.of.nothing", None, 200),
        ("GET", "queues?page=²", None, 400),
        ("GET", "queues?page=1&page_size=" + 5000 * "9", None, 400),
        ("PUT", "users/ann", {"tags": 5}, 400),
        ("POST", "definitions", {"users": [{"name": "ann", "tags": {"administrator": 1}}]}, 400),
        ("POST", Q + "a/get", GET | {"count": "1e999"}, 400),
    ],
)
def test_odd_values_are_no_mistake_of_ours(
    ours: Managed, method: str, path: str, data: Any, status: int
) -> None:
    asked(ours, "PUT", Q + "a", {"arguments": {"x-max-length": 1}})
    asked(ours, "PUT", Q + "b", {"arguments": {"x-max-length": 2}})
    assert asked(ours, method, path, data).status_code == status
    assert len(asked(ours, "GET", "users").json()) == 1
