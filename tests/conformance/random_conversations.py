"""Random conversations of one to four clients: what they declare, publish, consume, and how they end.

The draw keeps to what a real server's timing does not decide: each queue dead-letters to a queue of its own,
and a message with a short time to live is waited for within the step that publishes it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from tests.conformance.conversation import MARK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conversation import Step

SHORT: Final = 200
"""Milliseconds of a short time to live."""

WAIT: Final = 0.5
"""Seconds after which what has a short time to live is gone."""

LONG: Final = 60_000

QUEUES: Final = ("q1", "q2", "q3")
DEAD: Final = ("d1", "d2", "d3")
"""Where the dead letters of each go. Nothing else that goes to several queues goes there: the order in which
a message comes from its publisher to one, and by way of the other, is left open.
"""

DLX: Final = "dlx"

EXCHANGES: Final = {"x1": "direct", "x2": "topic", "x3": "fanout", "x4": "headers"}
KEYS: Final = ("a", "a.b", "a.b.c", "b")
PATTERNS: Final = ("a", "a.*", "a.#", "#", "*.b", "b")


class Conversation:
    """Draws one conversation.

    Args:
        seed: the same seed gives the same conversation.
        restarts: whether the server may be restarted in it.
    """

    def __init__(self, seed: int, *, restarts: bool = False) -> None:
        self._draw = random.Random(seed)
        clients = "abcd"[: self._draw.randint(1, 4)]
        self._channels = [
            f"{client}{number}" for client in clients for number in (1, 2)[: self._draw.randint(1, 2)]
        ]
        self._quorum = self._draw.random() < 0.4
        self._bursts = True
        self._prefetch = self._draw.random() < 0.7
        self._bodies = 0
        self._tags = 0
        self._queues: list[str] = []
        self._exchanges: list[str] = []
        self._holding: list[str] = []
        self.steps = self._first() + [self._next() for _ in range(self._draw.randint(6, 30))]
        if restarts:
            self.steps.insert(self._draw.randint(len(self.steps) // 2, len(self.steps)), {"do": "restart"})
        self.steps += self._last()

    # -- the order of events

    def _first(self) -> list[Step]:
        """Declare queues and exchanges, and bind them; let some channels confirm or have a prefetch."""
        steps = [self._declare(queue) for queue in QUEUES[: self._draw.choice((1, 1, 2, 2, 3))]]
        dead = [each for each in DEAD if each in self._queues]
        steps += [self._declare(name) for name in dead]
        if self._draw.random() < 0.5:
            to = {"at": self._at(), "exchange": MARK + DLX}
            steps.append({"do": "exchange", **to, "kind": "direct"})
            steps += [{"do": "bind", **to, "queue": MARK + each, "key": MARK + each} for each in dead]
        for name in [each for each in EXCHANGES if self._draw.random() < 0.3]:
            steps.append(self._exchange(name))
            steps += [self._bind(name) for _ in range(self._draw.randint(1, 2))]
        for at in self._channels:
            if self._draw.random() < 0.5:
                steps.append({"do": "confirm", "at": at})
            if self._draw.random() < 0.5:
                steps.append(self._qos() | {"at": at})
        return steps

    def _next(self) -> Step:
        weights: dict[Callable[[], Step], float] = {
            self._publish: 30,
            self._get: 10,
            self._consume: 10,
            self._settle: 24,
            self._cancel: 3,
            self._qos: 2,
            self._recover: 2,
            self._transact: 2,
            self._declare: 2,
            self._bind: 2,
            self._unbind: 1,
            self._exchange: 1,
            self._delete: 2,
            self._close: 5,
        }
        return self._draw.choices(list(weights), list(weights.values()))[0]()

    def _last(self) -> list[Step]:
        """Take what is left, so that the order of every queue is seen."""
        return [{"do": "drain", "at": "z1", "queue": MARK + name} for name in self._queues]

    # -- steps

    def _declare(self, queue: str | None = None) -> Step:
        queue = queue or self._draw.choice((*QUEUES, *DEAD))
        self._queues = list(dict.fromkeys([*self._queues, queue]))
        given: dict[str, Any] = {}
        arguments: dict[str, Any] = {}
        if self._quorum and self._draw.random() < 0.7:
            arguments["x-queue-type"] = "quorum"
            if not self._prefetch:
                # RabbitMQ 3.10 lets a consumer whose delivery was one too many hold more than its prefetch.
                self._maybe(arguments, 0.5, "x-delivery-limit", (0, 1, 2))
        else:
            self._maybe(arguments, 0.2, "x-max-priority", (2, 5))
            self._maybe(given, 0.15, "durable", (False,))
            self._maybe(given, 0.08, "exclusive", (True,))
            self._maybe(given, 0.08, "auto_delete", (True,))
        self._maybe(arguments, 0.25, "x-max-length", (0, 1, 2, 3))
        self._maybe(arguments, 0.08, "x-max-length-bytes", (2, 6, 9))
        if {"x-max-length", "x-max-length-bytes"} & arguments.keys():
            self._maybe(arguments, 0.5, "x-overflow", ("drop-head", "reject-publish", "reject-publish-dlx"))
        if "x-queue-type" in arguments and arguments.get("x-overflow", "drop-head") != "drop-head":
            # How many more a quorum queue takes before its publisher hears of the limit is left open.
            self._bursts = False
        self._maybe(arguments, 0.15, "x-message-ttl", (0, LONG))
        if "x-queue-type" in arguments and arguments.get("x-message-ttl") == 0:
            # A quorum queue keeps a message for a millisecond then, so whether it meets a limit is open.
            self._bursts = False
        self._maybe(arguments, 0.05, "x-expires", (LONG,))
        self._maybe(arguments, 0.12, "x-single-active-consumer", (True,))
        if self._draw.random() < (0.5 if queue in QUEUES else 0.1):
            arguments["x-dead-letter-exchange"] = self._draw.choice(
                ("", "", "", MARK + DLX, MARK + "nowhere")
            )
            if not arguments["x-dead-letter-exchange"] or self._draw.random() < 0.3:
                # From a queue of dead letters they go back, in a circle.
                to = f"d{queue[1]}" if queue in QUEUES else f"q{queue[1]}"
                arguments["x-dead-letter-routing-key"] = MARK + to
                self._queues = list(dict.fromkeys([*self._queues, to]))
        return {"do": "declare", "at": self._at(), "queue": MARK + queue, **given, "arguments": arguments}

    def _exchange(self, name: str | None = None) -> Step:
        name = name or self._draw.choice(list(EXCHANGES))
        self._exchanges = list(dict.fromkeys([*self._exchanges, name]))
        given: dict[str, Any] = {}
        self._maybe(given, 0.15, "durable", (False,))
        self._maybe(given, 0.1, "auto_delete", (True,))
        self._maybe(given, 0.05, "internal", (True,))
        if self._draw.random() < 0.25:
            given["arguments"] = {"alternate-exchange": MARK + self._draw.choice(list(EXCHANGES))}
        return {
            "do": "exchange",
            "at": self._at(),
            "exchange": MARK + name,
            "kind": EXCHANGES[name],
            **given,
        }

    def _bind(self, exchange: str | None = None) -> Step:
        exchange = exchange or self._exchange_name()
        step: Step = {"at": self._at(), "key": self._draw.choice((*KEYS, *PATTERNS, MARK + "d1"))}
        if self._draw.random() < 0.4:
            step["arguments"] = self._match()
        if self._draw.random() < 0.15:
            source = self._exchange_name()
            return {"do": "bind_exchange", "destination": MARK + exchange, "source": MARK + source, **step}
        return {"do": "bind", "queue": MARK + self._live(), "exchange": MARK + exchange, **step}

    def _unbind(self) -> Step:
        step = self._bind()
        return step | {"do": step["do"].replace("bind", "unbind")}

    def _match(self) -> dict[str, Any]:
        match: dict[str, Any] = {"x-match": self._draw.choice(("all", "any"))}
        self._maybe(match, 0.7, "h", (1, "v"))
        self._maybe(match, 0.3, "i", (1, True))
        return match

    def _publish(self) -> Step:
        self._bodies += 1
        step: Step = {"do": "publish", "at": self._at(), "body": f"m{self._bodies}"}
        if not self._exchanges or self._draw.random() < 0.6:
            step["key"] = MARK + self._queue()
        else:
            step["exchange"] = MARK + self._exchange_name()
            step["key"] = self._draw.choice((*KEYS, MARK + "d1"))
        self._maybe(step, 0.2, "mandatory", (True,))
        self._maybe(step, 0.15, "delivery_mode", (1,))
        self._maybe(step, 0.25, "priority", (0, 1, 3, 9))
        if self._draw.random() < 0.1:
            step["expiration"] = str(self._draw.choice((0, SHORT, LONG)))
            if step["expiration"] == str(SHORT):
                step["wait"] = WAIT
        if self._bursts and step.get("expiration") != "0":
            self._maybe(step, 0.3, "count", (2, 3, 4))
        if self._draw.random() < 0.2:
            step["headers"] = {key: each for key, each in self._match().items() if key != "x-match"}
            self._maybe(step["headers"], 0.2, "CC", ([MARK + self._live()],))
            self._maybe(step["headers"], 0.1, "BCC", ([MARK + self._live()],))
        return step

    def _get(self) -> Step:
        step: Step = {"do": "get", "at": self._holder(), "queue": MARK + self._queue()}
        return self._maybe(step, 0.3, "auto_ack", (True,))

    def _consume(self) -> Step:
        self._tags += 1
        step: Step = {
            "do": "consume",
            "at": self._holder(),
            "queue": MARK + self._queue(),
            "tag": f"t{self._tags}",
        }
        self._maybe(step, 0.2, "auto_ack", (True,))
        self._maybe(step, 0.05, "exclusive", (True,))
        return self._maybe(step, 0.15, "arguments", ({"x-priority": 5}, {"x-priority": -1}))

    def _settle(self) -> Step:
        do = self._draw.choices(("ack", "nack", "reject"), (5, 4, 3))[0]
        number = -1 if self._draw.random() < 0.02 else self._draw.randint(0, 3)
        step: Step = {"do": do, "at": self._held_at(), "number": number}
        if do != "reject":
            self._maybe(step, 0.3, "multiple", (True,))
        return step if do == "ack" else self._maybe(step, 0.45, "requeue", (False,))

    def _cancel(self) -> Step:
        return {"do": "cancel", "at": self._held_at(), "number": self._draw.randint(0, 3)}

    def _qos(self) -> Step:
        step: Step = {
            "do": "qos",
            "at": self._at(),
            "prefetch": self._draw.choice((0, 1, 1, 2, 3)) if self._prefetch else 0,
        }
        return self._maybe(step, 0.15, "share", (True,))

    def _recover(self) -> Step:
        return {"do": "recover", "at": self._held_at()}

    def _transact(self) -> Step:
        return {"do": self._draw.choice(("tx_select", "commit", "rollback")), "at": self._at()}

    def _delete(self) -> Step:
        do = self._draw.choice(("purge", "purge", "delete", "delete_exchange"))
        if do == "delete_exchange":
            step: Step = {"do": do, "at": self._at(), "exchange": MARK + self._draw.choice(list(EXCHANGES))}
            return self._maybe(step, 0.4, "if_unused", (True,))
        step = {"do": do, "at": self._at(), "queue": MARK + self._queue()}
        if do == "delete":
            self._maybe(step, 0.3, "if_unused", (True,))
            self._maybe(step, 0.3, "if_empty", (True,))
        return step

    def _close(self) -> Step:
        return {"do": self._draw.choice(("close", "close", "close_connection", "drop")), "at": self._at()}

    # -- draws

    def _at(self) -> str:
        return self._draw.choice(self._channels)

    def _holder(self) -> str:
        """A channel that is to hold deliveries."""
        at = self._at()
        self._holding.append(at)
        return at

    def _held_at(self) -> str:
        """A channel that may hold deliveries."""
        return self._draw.choice(self._holding) if self._holding else self._at()

    def _queue(self) -> str:
        if self._queues and self._draw.random() < 0.98:
            return self._draw.choices(self._queues, [3 if name in QUEUES else 1 for name in self._queues])[0]
        return self._draw.choice((*QUEUES, *DEAD))

    def _live(self) -> str:
        """A queue that is not for dead letters."""
        return self._draw.choice([name for name in self._queues if name in QUEUES] or list(QUEUES))

    def _exchange_name(self) -> str:
        if self._exchanges and self._draw.random() < 0.97:
            return self._draw.choice(self._exchanges)
        return self._draw.choice(list(EXCHANGES))

    def _maybe(
        self, into: dict[str, Any], probability: float, name: str, values: tuple[Any, ...]
    ) -> dict[str, Any]:
        """Put one of these values under that name, or nothing."""
        if self._draw.random() < probability:
            into[name] = self._draw.choice(values)
        return into
