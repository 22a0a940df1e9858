"""Conversations: steps of several clients as data, played on any `World`, with all that came of each step.

A conversation is a list of steps, and a step is a dictionary: what a client does (`do`), on which of its
channels (`at`, such as `a1`: client a, its channel 1), and the arguments of `script.Channel`'s method of that
name. Connections and channels are opened when a step first needs them, and opened again after they ended.

After each step the player looks at everything that a client could see: the answer, what came to each
channel, and how many messages and consumers each queue has. A real server needs time for that, so the
player is told what to expect and looks until it is there or `patience` is over. Nothing sleeps otherwise.

What a real server leaves open is not compared:

* the order of deliveries of several consumers to one channel, caused by one step (queues are processes of
  their own), and so which of them has which delivery tag;
* whether several messages are confirmed by one frame or by several, and in which order;
* the order in which deliveries, confirms and returns of one step mix (returns among themselves keep theirs);
* at which moment within a step something comes.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.conformance.direct import DirectWorld
from tests.conformance.script import normalised

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tests.conformance.script import Channel, Connection, Seen, World

Step = dict[str, Any]

MARK: Final = "~"
"""All names of a conversation's queues and exchanges begin with this; a real server's have more before it."""

PAUSE: Final = 0.005
"""Seconds between two looks at a real server."""

DRAINED: Final = 20
"""Messages to take at most when a queue is emptied."""

FEWEST_LOOKS: Final = 5
"""Looks at least: a server that has just been started may take longer than `patience` for the first."""

_SILENT: Final = ("publish", "ack", "nack", "reject")
"""What has no answer of its own: a channel.flow behind it tells when the channel has done it."""


@dataclass
class _Client:
    """One channel of a client as the player keeps it."""

    channel: Channel
    held: list[int] = field(default_factory=list)
    uncommitted: list[int] = field(default_factory=list)
    consumers: dict[str, str] = field(default_factory=dict)
    unordered: bool = False
    closed: bool = False
    transactional: bool = False
    came: dict[str, list[Seen]] = field(default_factory=dict)


class Player:
    """Plays one conversation on a world.

    Args:
        world: where; it may have served other conversations before.
        name: what stands before `MARK` in every name, so that conversations can share a virtual host.
        patience: seconds to look at most for what is expected of a step.

    Attributes:
        seen: what was seen of each step so far.
    """

    def __init__(self, world: World, name: str = "", patience: float = 1.5) -> None:
        self.world = world
        self.name = name
        self.patience = patience
        self.seen: list[Seen] = []
        self._connections: dict[str, Connection] = {}
        self._clients: dict[str, _Client] = {}
        self._queues: dict[str, Seen] = {}
        self._exchanges: set[str] = set()
        self._teller: Connection | None = None
        self._control: Channel | None = None

    def play(self, steps: Sequence[Step], expected: list[Seen] | None = None) -> Generator[str, None, None]:
        """Play the steps; yield `restart` where the server must be stopped in order and started again."""
        for index, step in enumerate(steps):
            hoped = expected[index] if expected is not None and index < len(expected) else None
            self._before()
            if step["do"] == "restart":
                yield "restart"
                self._teller = self._control = None
                answer: Seen = "ok"
            else:
                answer = self._do(self._named(step))
            self.seen.append(self._watch(answer, hoped))
            if hoped is not None and self.seen[-1] != hoped:
                return

    def end(self) -> None:
        """Close all connections and remove what the conversation made."""
        for connection in self._connections.values():
            connection.close()
        for queue in self._queues:
            self._ask("delete", self._named(queue))
        for exchange in sorted(self._exchanges):
            self._ask("delete_exchange", exchange)
        if self._control is not None:
            self._control.close()

    # -- what a step does

    def _do(self, step: Step) -> Seen:
        do, at = step["do"], step.get("at", "")
        given = {key: value for key, value in step.items() if key not in ("do", "at")}
        if do == "wait":
            self.world.sleep(given["seconds"])
            return "ok"
        if do in ("close_connection", "drop"):
            return self._end_connection(do, at[:1])
        client = self._client(at)
        special = getattr(self, f"_do_{do}", None)
        answer = special(client, **given) if special else getattr(client.channel, do)(**given)
        if do in _SILENT:
            client.channel.flow(True)
        return answer

    def _do_declare(self, client: _Client, queue: str, **given: Any) -> Seen:
        self._queues.setdefault(self._plain(queue), None)
        if self._queues[self._plain(queue)] == "gone":
            self._queues[self._plain(queue)] = None
        return client.channel.declare(queue, **given)

    def _do_exchange(self, client: _Client, exchange: str, **given: Any) -> Seen:
        self._exchanges.add(exchange)
        return client.channel.exchange(exchange, **given)

    def _do_publish(self, client: _Client, body: str, count: int = 1, wait: float = 0, **given: Any) -> Seen:
        for number in range(count):
            client.channel.publish(f"{body}.{number}" if count > 1 else body, **given)
        if wait:
            client.channel.flow(True)
            self.world.sleep(wait)
        return None

    def _do_tx_select(self, client: _Client) -> Seen:
        answer = client.channel.tx_select()
        client.transactional |= answer == "ok"
        return answer

    def _do_commit(self, client: _Client) -> Seen:
        client.uncommitted.clear()
        return client.channel.commit()

    def _do_rollback(self, client: _Client) -> Seen:
        client.held = sorted(client.held + client.uncommitted)
        client.uncommitted.clear()
        return client.channel.rollback()

    def _do_recover(self, client: _Client) -> Seen:
        client.held.clear()
        return client.channel.recover()

    def _do_close(self, client: _Client) -> Seen:
        client.closed = True
        return client.channel.close()

    def _do_get(self, client: _Client, queue: str, auto_ack: bool = False) -> Seen:
        answer = client.channel.get(queue, auto_ack=auto_ack)
        if isinstance(answer, dict) and "tag" in answer and not auto_ack:
            client.held.append(answer["tag"])
        return answer

    def _do_drain(self, client: _Client, queue: str) -> Seen:
        """Take what is ready, so that its order is seen."""
        taken: list[Seen] = []
        while not taken or (isinstance(taken[-1], dict) and "body" in taken[-1] and len(taken) < DRAINED):
            taken.append(client.channel.get(queue, auto_ack=True))
        return taken

    def _do_consume(
        self, client: _Client, queue: str, tag: str, auto_ack: bool = False, **given: Any
    ) -> Seen:
        client.consumers[tag] = "" if auto_ack else queue
        answer = client.channel.consume(queue, tag, auto_ack=auto_ack, **given)
        if answer != "ok":
            client.consumers.pop(tag, None)
        return answer

    def _do_cancel(self, client: _Client, number: int) -> Seen:
        if not client.consumers:
            return "nothing to cancel"
        tag = sorted(client.consumers)[number % len(client.consumers)]
        del client.consumers[tag]
        return client.channel.cancel(tag)

    def _do_ack(self, client: _Client, number: int, multiple: bool = False) -> Seen:
        return self._settle(client, "ack", number, multiple)

    def _do_nack(self, client: _Client, number: int, multiple: bool = False, requeue: bool = True) -> Seen:
        return self._settle(client, "nack", number, multiple, requeue=requeue)

    def _do_reject(self, client: _Client, number: int, requeue: bool = True) -> Seen:
        return self._settle(client, "reject", number, False, requeue=requeue)

    def _settle(self, client: _Client, how: str, number: int, multiple: bool, **given: Any) -> Seen:
        """Settle one of the deliveries that are held, by its place among them; -1 is a tag that never was."""
        if number < 0:
            tag = 1000
        elif not client.held:
            return "nothing held"
        else:
            tag = client.held[number % len(client.held)]
        # Which of two queues' messages came first is left open, so "all up to this one" would be as well.
        multiple = multiple and not client.unordered
        done = [each for each in client.held if each == tag or (multiple and each < tag)]
        client.held = [each for each in client.held if each not in done]
        if client.transactional:
            client.uncommitted += done
        if how != "reject":
            given["multiple"] = multiple
        getattr(client.channel, how)(tag, **given)
        return None

    def _end_connection(self, how: str, name: str) -> Seen:
        here = [client for at, client in self._clients.items() if at[0] == name and not client.closed]
        if sum(bool(client.held or client.consumers) for client in here) > 1:
            # In which order a connection's channels give back what they held is left open.
            return "nothing: two channels hold something"
        connection = self._connections.get(name)
        if connection is None or connection.fate() != "open":
            return "nothing: not connected"
        for client in here:
            client.closed = True
        return connection.close() if how == "close_connection" else connection.drop()

    def _client(self, at: str) -> _Client:
        """The channel of that name, opened (again) if need be, with its connection."""
        client = self._clients.get(at)
        if client is not None and not client.closed:
            return client
        connection = self._connections.get(at[0])
        if connection is None or connection.fate() != "open":
            connection = self._connections[at[0]] = self.world.connect()
        client = self._clients[at] = _Client(connection.channel())
        return client

    # -- what is seen

    def _before(self) -> None:
        for client in self._clients.values():
            client.came.clear()

    def _watch(self, answer: Seen, hoped: Seen) -> Seen:
        """Look until it is what is hoped for, or all is quiet."""
        direct = isinstance(self.world, DirectWorld)
        if direct:
            self.world.sleep(0.02)
        elif hoped is None:
            for client in self._clients.values():
                if not client.closed:
                    client.channel.flow(True)
        end = time.monotonic() + self.patience
        before = dict(self._queues)
        found = self._look(answer, before)
        looks = 1
        while hoped is not None and found != hoped and (looks < FEWEST_LOOKS or time.monotonic() < end):
            self.world.sleep(PAUSE)
            found = self._look(answer, before)
            looks += 1
        self._after()
        return found

    def _look(self, answer: Seen, before: dict[str, Seen]) -> Seen:
        found: dict[str, Seen] = {"answer": answer}
        for at, client in self._clients.items():
            if client.closed:
                continue
            for kind, news in self._news(client).items():
                client.came.setdefault(kind, []).extend(news)
            if came := {kind: each for kind, each in self._shown(client.came).items() if each}:
                found[at] = came
        for queue, state in before.items():
            if state != "gone":
                self._queues[queue] = self._count(queue)
        if counts := {queue: state for queue, state in self._queues.items() if before[queue] != state}:
            found["queues"] = counts
        return json.loads(json.dumps(normalised(found)).replace(f"{self.name}{MARK}", MARK))

    def _news(self, client: _Client) -> dict[str, list[Seen]]:
        channel = client.channel
        fate = channel.fate()
        closed = [fate] if fate != "open" and not client.came.get("closed") else []
        confirms = [each for each in channel.events() if each[:4] in ("ack ", "nack")]
        return {
            "delivered": channel.rest(),
            "confirms": confirms,
            "returned": channel.returns(),
            "cancelled": channel.cancelled(),
            "closed": closed,
        }

    @staticmethod
    def _shown(came: dict[str, list[Seen]]) -> dict[str, list[Seen]]:
        """What came of a step, without what is left open."""
        messages = sorted(came.get("delivered", ()), key=lambda each: each["consumer"])
        return {
            "delivered": [{key: each[key] for key in each if key != "tag"} for each in messages],
            "tags": sorted(each["tag"] for each in messages),
            "confirms": sorted(came.get("confirms", ())),
            "returned": came.get("returned", []),
            "cancelled": sorted(came.get("cancelled", ())),
            "closed": came.get("closed", []),
        }

    def _after(self) -> None:
        """Keep what the next steps may refer to."""
        for client in self._clients.values():
            messages = sorted(client.came.get("delivered", ()), key=lambda each: each["consumer"])
            queues = {client.consumers.get(each["consumer"], "") for each in messages}
            client.unordered |= len(queues) > 1
            client.held += [each["tag"] for each in messages if client.consumers.get(each["consumer"], "?")]
            for tag in client.came.get("cancelled", ()):
                client.consumers.pop(tag, None)
            client.closed |= bool(client.came.get("closed"))

    def _count(self, queue: str) -> Seen:
        answer = self._ask("declare", self._named(queue), passive=True)
        if "closes" not in answer:
            return [answer["messages"], answer["consumers"]]
        return "gone" if answer["code"] == 404 else answer["text"]

    def _ask(self, what: str, *arguments: Any, **given: Any) -> Seen:
        """Ask on a connection of the player's own, on another channel once one was closed."""
        if self._control is None or self._control.fate() != "open":
            if self._teller is None or self._teller.fate() != "open":
                self._teller = self.world.connect()
            self._control = self._teller.channel()
        return getattr(self._control, what)(*arguments, **given)

    def _named(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(MARK, f"{self.name}{MARK}")
        if isinstance(value, dict):
            return {key: self._named(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._named(each) for each in value]
        return value

    def _plain(self, queue: str) -> str:
        return queue.replace(f"{self.name}{MARK}", MARK)
