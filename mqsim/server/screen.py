"""What a person sees of the broker on a terminal: a line for each queue, renewed every second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.protocol.access import VHOST

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from mqsim.server.host import Host

EVERY = 1.0
"""Seconds between two looks."""

MOST = 30
"""Queues that are shown."""


def table(host: Host) -> Table:
    """A table of the queues as they are now."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    made.add_column("queue")
    for name in ("ready", "unacked", "consumers"):
        made.add_column(name, justify="right")
    queues = [
        (queue.name if vhost == VHOST else f"{vhost} {queue.name}", queue)
        for vhost, broker in host.vhosts.brokers.items()
        for queue in sorted(broker.queues.values(), key=lambda queue: queue.name)
    ]
    for name, queue in queues[:MOST]:
        made.add_row(shown(name), str(queue.waiting), str(queue.unacked), str(queue.consumers))
    if len(queues) > MOST:
        made.add_row(f"and {len(queues) - MOST} more")
    made.caption = f"{sum(len(broker.connections) for broker in host.vhosts)} connections"
    made.caption_justify = "left"
    return made


def shown(name: str) -> Text:
    """A name as it may be put on a terminal: what a client chose is neither markup nor an escape sequence."""
    from rich.text import Text

    return Text("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name))
