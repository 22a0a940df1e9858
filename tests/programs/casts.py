"""Who plays: programs that are run together, when each starts, and what befalls it.

The same casts are played on a real RabbitMQ (`live.py`) and in virtual time (`virtual.py`), with the same
files. Sleeps are short, and two things that happen to one program are well apart in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """One program of a cast.

    Attributes:
        file: below this folder.
        arguments: what follows in `sys.argv`.
        start: seconds from the beginning.
        killed: when it gets SIGKILL.
        interrupted: when somebody presses Ctrl-C.
    """

    file: str
    arguments: tuple[str, ...] = ()
    start: float = 0.0
    killed: float | None = None
    interrupted: float | None = None

    @property
    def path(self) -> Path:
        return HERE / self.file


@dataclass(frozen=True)
class Cast:
    """Programs that are run together, by name, for so many seconds. At the end all are killed."""

    parts: Mapping[str, Part]
    until: float


def part(file: str, *arguments: str, start: float = 0.0, **fate: float) -> Part:
    return Part(file, arguments, start, **fate)


TUTORIALS = {
    "hello": Cast(
        {
            "receive": part("tutorials/hello/receive.py", interrupted=1.5),
            "send": part("tutorials/hello/send.py", start=0.5),
            "send-again": part("tutorials/hello/send.py", start=1.0),
        },
        2.4,
    ),
    "work queues": Cast(
        {
            "worker-1": part("tutorials/work_queues/worker.py"),
            "worker-2": part("tutorials/work_queues/worker.py", start=0.3),
            "task-1": part("tutorials/work_queues/new_task.py", "First.", start=0.6),
            "task-2": part("tutorials/work_queues/new_task.py", "Second..", start=0.8),
            "task-3": part("tutorials/work_queues/new_task.py", "Third..", start=1.0),
            "task-4": part("tutorials/work_queues/new_task.py", start=1.5),
        },
        3.5,
    ),
    "publish/subscribe": Cast(
        {
            "nobody-listens": part("tutorials/publish_subscribe/emit_log.py", "lost"),
            "screen": part("tutorials/publish_subscribe/receive_logs.py", start=0.4),
            "disk": part("tutorials/publish_subscribe/receive_logs.py", start=0.4, killed=1.4),
            "first": part("tutorials/publish_subscribe/emit_log.py", start=0.9),
            "second": part("tutorials/publish_subscribe/emit_log.py", "for", "one", start=1.8),
        },
        2.6,
    ),
    "routing": Cast(
        {
            "usage": part("tutorials/routing/receive_logs_direct.py"),
            "errors": part("tutorials/routing/receive_logs_direct.py", "error"),
            "all": part("tutorials/routing/receive_logs_direct.py", "info", "warning", "error"),
            "emit-1": part("tutorials/routing/emit_log_direct.py", "error", "Run.", "Run.", start=0.5),
            "emit-2": part("tutorials/routing/emit_log_direct.py", start=0.9),
            "emit-3": part("tutorials/routing/emit_log_direct.py", "debug", "nobody", start=1.2),
        },
        2.2,
    ),
    "topics": Cast(
        {
            "everything": part("tutorials/topics/receive_logs_topic.py", "#"),
            "kern": part("tutorials/topics/receive_logs_topic.py", "kern.*"),
            "critical": part("tutorials/topics/receive_logs_topic.py", "*.critical", "kern.#"),
            "emit-1": part("tutorials/topics/emit_log_topic.py", "kern.critical", "A", "fault", start=0.5),
            "emit-2": part("tutorials/topics/emit_log_topic.py", "kern.disk.full", "B", start=0.9),
            "emit-3": part("tutorials/topics/emit_log_topic.py", start=1.3),
        },
        2.2,
    ),
    "rpc": Cast(
        {
            "server": part("tutorials/rpc/rpc_server.py"),
            "client": part("tutorials/rpc/rpc_client.py", "11", start=0.5),
            "client-again": part("tutorials/rpc/rpc_client.py", "7", start=0.9),
        },
        2.2,
    ),
    "confirms": Cast(
        {
            "publisher": part("tutorials/confirms/publish_confirmed.py"),
            "counter": part("tutorials/confirms/count.py", start=0.7),
        },
        2.0,
    ),
}
"""RabbitMQ's tutorials for Python, as their readers write them."""

PAIRS = {
    "the lesson: one worker takes all three tasks": Cast(
        {
            "producer": part("pairs/lesson/producer.py"),
            "worker-1": part("pairs/lesson/consumer.py", start=0.5),
            "worker-2": part("pairs/lesson/consumer.py", start=0.8),
            "worker-3": part("pairs/lesson/consumer.py", start=1.1),
        },
        4.2,
    ),
    "the lesson: a worker dies, automatic acknowledgement": Cast(
        {
            "producer": part("pairs/lesson/producer.py"),
            "worker-1": part("pairs/lesson/consumer.py", start=0.5, killed=2.1),
            "worker-2": part("pairs/lesson/consumer.py", start=0.8),
        },
        3.2,
    ),
    "the lesson mended: a worker dies, and Ctrl-C": Cast(
        {
            "producer": part("pairs/lesson_mended/producer.py"),
            "worker-1": part("pairs/lesson_mended/consumer.py", start=0.5, killed=1.1),
            "worker-2": part("pairs/lesson_mended/consumer.py", start=0.8, interrupted=4.3),
        },
        5.2,
    ),
    "threads": Cast(
        {
            "subscriber": part("pairs/threads/subscriber.py"),
            "publisher": part("pairs/threads/publisher.py", start=0.5),
        },
        3.4,
    ),
    "select connections": Cast(
        {
            "producer": part("pairs/select/producer.py"),
            "consumer": part("pairs/select/consumer.py", start=0.1),
        },
        3.0,
    ),
    "calls with a time limit": Cast(
        {
            "server": part("pairs/rpc_timeouts/server.py"),
            "client": part("pairs/rpc_timeouts/client.py", start=0.5),
        },
        3.0,
    ),
    "everyday modules": Cast(
        {
            "producer": part("pairs/everyday/producer.py", "6", "--pause=0.15"),
            "consumer": part("pairs/everyday/consumer.py", "5", start=0.3),
            "consumer-again": part("pairs/everyday/consumer.py", "5", start=1.3),
        },
        3.0,
    ),
    "dead letters": Cast(
        {
            "producer": part("pairs/dead_letters/producer.py"),
            "undertaker": part("pairs/dead_letters/undertaker.py", start=0.2),
            "worker": part("pairs/dead_letters/worker.py", start=0.35),
        },
        2.6,
    ),
    "polling": Cast(
        {
            "consumer": part("pairs/polling/consumer.py"),
            "producer": part("pairs/polling/producer.py", start=0.2),
        },
        3.8,
    ),
    "mistakes": Cast(
        {
            "owner": part("pairs/mistakes/owner.py"),
            "visitor": part("pairs/mistakes/visitor.py", start=0.5),
        },
        2.6,
    ),
    "priorities": Cast(
        {
            "producer": part("pairs/priorities/producer.py"),
            "consumer": part("pairs/priorities/consumer.py", start=0.5),
        },
        2.8,
    ),
}
"""Producers and consumers of our own."""

CASTS = TUTORIALS | PAIRS
