"""The paths of the management API below `/api/`.

Source: RabbitMQ's documentation of the HTTP API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.server.management import clients, exchanges, general, people, queues

if TYPE_CHECKING:
    from mqsim.server.management.resource import Resource

_ = r"([^/]+)"
ROUTES: list[tuple[str, type[Resource]]] = [
    ("overview", general.Overview),
    ("nodes", general.Node),
    (f"nodes/{_}", general.Node),
    ("cluster-name", general.ClusterName),
    ("whoami", general.WhoAmI),
    (f"aliveness-test/{_}", general.Alive),
    ("healthchecks/node", general.Healthy),
    (f"healthchecks/node/{_}", general.Healthy),
    (r"health/checks/(?:local-)?alarms", general.Alarms),
    ("health/checks/virtual-hosts", general.Healthy),
    ("health/checks/node-is-quorum-critical", general.Healthy),
    ("extensions", general.Nothing),
    ("definitions", general.Definitions),
    (f"definitions/{_}", general.Definitions),
    ("queues", queues.Queues),
    (f"queues/{_}", queues.Queues),
    (f"queues/{_}/{_}", queues.OneQueue),
    (f"queues/{_}/{_}/contents", queues.QueueContents),
    (f"queues/{_}/{_}/get", queues.QueueGet),
    (f"queues/{_}/{_}/bindings", queues.QueueBindings),
    ("exchanges", exchanges.Exchanges),
    (f"exchanges/{_}", exchanges.Exchanges),
    (f"exchanges/{_}/{_}", exchanges.OneExchange),
    (f"exchanges/{_}/{_}/publish", exchanges.Publish),
    (f"exchanges/{_}/{_}/bindings/(source|destination)", exchanges.ExchangeBindings),
    ("bindings", exchanges.Bindings),
    (f"bindings/{_}", exchanges.Bindings),
    (f"bindings/{_}/e/{_}/([qe])/{_}", exchanges.BindingsBetween),
    (f"bindings/{_}/e/{_}/([qe])/{_}/{_}", exchanges.OneBinding),
    ("connections", clients.Connections),
    (f"connections/{_}", clients.OneConnection),
    (f"connections/{_}/channels", clients.ConnectionChannels),
    (f"vhosts/{_}/connections", clients.Connections),
    ("channels", clients.Channels),
    (f"channels/{_}", clients.OneChannel),
    (f"vhosts/{_}/channels", clients.Channels),
    ("consumers", clients.Consumers),
    (f"consumers/{_}", clients.Consumers),
    ("vhosts", people.Vhosts),
    (f"vhosts/{_}", people.OneVhost),
    (r"vhosts/(?P<vhost>[^/]+)/permissions", people.Permissions),
    ("users", people.Users),
    (f"users/{_}", people.OneUser),
    (r"users/(?P<user>[^/]+)/permissions", people.Permissions),
    ("permissions", people.Permissions),
    (f"permissions/{_}/{_}", people.OnePermission),
    ("(?:operator-)?policies", general.Nothing),
    (f"(?:operator-)?policies/{_}", general.Nothing),
    (f"(?:operator-)?policies/{_}/{_}", general.Nothing),
    ("(?:global-)?parameters", general.Nothing),
    (f"(?:global-)?parameters/{_}", general.Nothing),
    ("topic-permissions", general.Nothing),
    ("vhost-limits", general.Nothing),
    ("feature-flags", general.Nothing),
]
