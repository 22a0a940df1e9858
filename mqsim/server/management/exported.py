"""Definitions of a running broker: written as RabbitMQ exports them, and taken in while it runs."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.broker import Exchange
from mqsim.server import accounts, definitions
from mqsim.server.management import views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.server.host import Host
    from mqsim.server.management.views import Json

BUILT_IN = "amq."


def written(host: Host, vhost: str | None = None) -> Json:
    """All definitions, or those of one virtual host, which then stand without its name."""
    release = host.broker.profile.version
    told: Json = {"rabbit_version": release, "rabbitmq_version": release, "product_name": "mqsim"}
    names = list(host.vhosts.brokers) if vhost is None else [vhost]
    if vhost is None:
        told |= {
            "users": [accounts.shown(name, user) for name, user in host.accounts.users.items()],
            "vhosts": [{"name": name} for name in names],
            "permissions": permissions(host),
            "topic_permissions": [],
            "parameters": [],
            "global_parameters": [],
        }
    told |= {"policies": [], "queues": [], "exchanges": [], "bindings": []}
    for name in names:
        for kind, items in _of(host, name).items():
            for item in items:
                if vhost is not None:
                    del item["vhost"]
                told[kind].append(item)
    return told


def permissions(host: Host) -> list[Json]:
    """All permissions."""
    return [
        {"user": user, "vhost": vhost, "configure": each.configure, "write": each.write, "read": each.read}
        for vhost, user, each in sorted(
            (vhost, user, each) for (user, vhost), each in host.accounts.listed(host.vhosts.brokers).items()
        )
    ]


def _of(host: Host, vhost: str) -> dict[str, list[Json]]:
    broker = host.vhosts.brokers[vhost]
    queues = {name: each for name, each in broker.queues.items() if each.owner is None}
    exchanges = {name: each for name, each in broker.exchanges.items() if not name.startswith(BUILT_IN)}
    return {
        "queues": [
            {
                "name": name,
                "vhost": vhost,
                "durable": each.durable,
                "auto_delete": each.auto_delete,
                "arguments": views.plain(each.table),
            }
            for name, each in queues.items()
        ],
        "exchanges": [
            {key: value for key, value in views.exchange(each, vhost).items() if key in _EXCHANGE}
            for each in exchanges.values()
        ],
        "bindings": [
            {key: value for key, value in views.binding(source.name, vhost, each).items() if key in _BINDING}
            for source in broker.exchanges.values()
            for each in source.bindings
            if each.target.name in (exchanges if isinstance(each.target, Exchange) else queues)
        ],
    }


_EXCHANGE = ("name", "vhost", "type", "durable", "auto_delete", "internal", "arguments")
_BINDING = ("source", "vhost", "destination", "destination_type", "routing_key", "arguments")


def taken_in(host: Host, given: Mapping[str, Any], vhost: str | None = None) -> list[str]:
    """Declare what definitions hold; sentences tell what was refused, or is without effect here.

    Raises:
        UsageError: they are none.
    """
    data = dict(given)
    if vhost is not None:
        for kind in ("queues", "exchanges", "bindings", "policies"):
            items = data.get(kind)
            if isinstance(items, list):
                data[kind] = [{**each, "vhost": vhost} for each in items if isinstance(each, dict)]
        data = {key: value for key, value in data.items() if key not in ("users", "vhosts", "permissions")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "definitions.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        told = definitions.load_all(path, host.vhosts)
    host.accounts.take(data)
    return told
