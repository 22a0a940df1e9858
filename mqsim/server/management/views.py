"""What the management API shows, as JSON: the fields of RabbitMQ that tools read and that exist here.

Source: RabbitMQ's documentation of the HTTP API; the answers of a real 3.10 were compared.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mqsim.broker import Exchange, Queue
from mqsim.broker.exchanges import Binding
from mqsim.broker.lifecycle import ChannelMode

if TYPE_CHECKING:
    from mqsim.amqp import Session
    from mqsim.broker import Broker, Channel, Consumer
    from mqsim.server.management.counts import Count

Json = dict[str, Any]
NODE = "mqsim@localhost"


def rates(count: Count) -> Json:
    """Totals, each with a rate of 0: whoever looks twice has the rate, and needs no five seconds' memory."""
    told: Json = {}
    for name, value in count.shown().items():
        told |= {name: value, f"{name}_details": {"rate": 0.0}}
    return told


def plain(value: object) -> Any:
    """A value of a field table as JSON."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    if isinstance(value, datetime):
        return int(value.replace(tzinfo=value.tzinfo or UTC).timestamp())
    return value if isinstance(value, str | int | float | None) else str(value)


def queue(each: Queue, vhost: str, count: Count) -> Json:
    """A queue."""
    total = each.waiting + each.unacked
    kind = "quorum" if each.replicated else "classic"
    told: Json = {
        "name": each.name,
        "vhost": vhost,
        "durable": each.durable,
        "auto_delete": each.auto_delete,
        "exclusive": each.owner is not None,
        "arguments": plain(each.table),
        "type": kind,
        "node": NODE,
        "state": "running",
        "policy": None,
        "operator_policy": None,
        "effective_policy_definition": {},
        "consumers": each.consumers,
        "messages": total,
        "messages_ready": each.waiting,
        "messages_unacknowledged": each.unacked,
        "messages_details": {"rate": 0.0},
        "messages_ready_details": {"rate": 0.0},
        "messages_unacknowledged_details": {"rate": 0.0},
        "message_stats": rates(count),
        "memory": 0,
    }
    if each.replicated:
        told |= {"leader": NODE, "members": [NODE], "online": [NODE]}
    return told


def exchange(each: Exchange, vhost: str) -> Json:
    """An exchange."""
    arguments = {} if each.alternate is None else {"alternate-exchange": each.alternate}
    return {
        "name": each.name,
        "vhost": vhost,
        "type": each.kind.value,
        "durable": each.durable,
        "auto_delete": each.auto_delete,
        "internal": each.internal,
        "arguments": arguments,
        "user_who_performed_action": "rmq-internal" if each.name.startswith("amq.") else "",
    }


def default_exchange(vhost: str) -> Json:
    """The exchange without a name."""
    return {
        "name": "",
        "vhost": vhost,
        "type": "direct",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
        "user_who_performed_action": "rmq-internal",
    }


def bindings(broker: Broker, vhost: str) -> list[Json]:
    """All bindings, those of the default exchange first."""
    implied = [binding("", vhost, Binding(each, each.name)) for _, each in sorted(broker.queues.items())]
    declared = [
        binding(source.name, vhost, each)
        for _, source in sorted(broker.exchanges.items())
        for each in source.bindings
    ]
    return implied + declared


def binding(source: str, vhost: str, each: Binding) -> Json:
    """A binding."""
    return {
        "source": source,
        "vhost": vhost,
        "destination": each.target.name,
        "destination_type": "exchange" if isinstance(each.target, Exchange) else "queue",
        "routing_key": each.key,
        "arguments": plain(each.arguments),
        "properties_key": properties_key(each),
    }


def properties_key(each: Binding) -> str:
    """What tells a binding from others between the same two: its key and a digest of its arguments."""
    key = quote(each.key, safe="").replace("~", "%7E").replace("*", "%2A")
    if not each.arguments:
        return key or "~"
    said = json.dumps(plain(each.arguments), sort_keys=True).encode()
    return f"{key}~{base64.urlsafe_b64encode(hashlib.sha256(said).digest()[:5]).decode().rstrip('=')}"


def connection(session: Session, since: float) -> Json:
    """A client's connection; `since` in seconds since 1970."""
    peer, _, here = session.name.partition(" -> ")
    host, _, port = peer.rpartition(":")
    own_host, _, own_port = here.rpartition(":")
    return {
        "name": session.name,
        "node": NODE,
        "type": "network",
        "protocol": "AMQP 0-9-1",
        "state": "blocked" if session.blocked else "running",
        "user": session.user,
        "vhost": session.vhost,
        "channels": len(session.channels),
        "channel_max": session.channel_max,
        "frame_max": session.frame_max,
        "timeout": int(session.heartbeat),
        "auth_mechanism": "PLAIN",
        "client_properties": plain(session.client_properties),
        "peer_host": host,
        "peer_port": _number(port),
        "host": own_host,
        "port": _number(own_port),
        "ssl": False,
        "connected_at": int(since * 1000),
    }


def channel(session: Session, each: Channel) -> Json:
    """A channel."""
    return {
        "name": f"{session.name} ({each.number})",
        "number": each.number,
        "node": NODE,
        "user": session.user,
        "vhost": session.vhost,
        "state": "running",
        "connection_details": _connection_details(session),
        "consumer_count": len(each.consumers),
        "messages_unacknowledged": len(each.unacked),
        "messages_unconfirmed": 0,
        "messages_uncommitted": 0,
        "acks_uncommitted": 0,
        "prefetch_count": each.prefetch,
        "global_prefetch_count": 0,
        "confirm": each.mode is ChannelMode.CONFIRMING,
        "transactional": each.mode is ChannelMode.TRANSACTIONAL,
        "message_stats": {},
    }


def consumer(session: Session, each: Consumer) -> Json:
    """A consumer."""
    limit = each.own_limit
    number = each.channel.number
    return {
        "consumer_tag": each.tag,
        "queue": {"name": each.queue.name, "vhost": session.vhost},
        "channel_details": {
            **_connection_details(session),
            "connection_name": session.name,
            "name": f"{session.name} ({number})",
            "number": number,
            "node": NODE,
            "user": session.user,
        },
        "ack_required": not each.no_ack,
        "exclusive": each.exclusive,
        "prefetch_count": 0 if limit == float("inf") else int(limit),
        "active": True,
        "activity_status": "up",
        "arguments": {} if each.priority == 0 else {"x-priority": each.priority},
    }


def _connection_details(session: Session) -> Json:
    host, _, port = session.name.partition(" -> ")[0].rpartition(":")
    return {"name": session.name, "peer_host": host, "peer_port": _number(port)}


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
