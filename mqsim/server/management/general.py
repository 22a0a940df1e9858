"""What the management API tells of the whole: numbers, nodes, health, definitions."""

from __future__ import annotations

from typing import ClassVar

from mqsim.server.management import actions, exported, views
from mqsim.server.management.actions import BadRequestError
from mqsim.server.management.clients import channels_of
from mqsim.server.management.resource import NotFoundError, Resource


class Overview(Resource):
    """What there is, in numbers."""

    def get(self) -> None:
        """Tell it."""
        brokers = [broker for _, broker in self.opened()]
        queues = [each for broker in brokers for each in broker.queues.values()]
        ready, unacked = sum(each.waiting for each in queues), sum(each.unacked for each in queues)
        sessions = self.sessions_shown()
        channels = [each for session in sessions for each in channels_of(session)]
        release = self.host.broker.profile.version
        self.answer(
            {
                "management_version": release,
                "rabbitmq_version": release,
                "product_name": "mqsim",
                "product_version": release,
                "cluster_name": views.NODE,
                "node": views.NODE,
                "rates_mode": "basic",
                "exchange_types": [
                    {"name": name, "description": "", "enabled": True}
                    for name in ("direct", "fanout", "headers", "topic")
                ],
                "message_stats": views.rates(self.counts.total()),
                "queue_totals": {
                    "messages": ready + unacked,
                    "messages_ready": ready,
                    "messages_unacknowledged": unacked,
                },
                "object_totals": {
                    "connections": len(sessions),
                    "channels": len(channels),
                    "consumers": sum(len(each.consumers) for each in channels),
                    "exchanges": sum(len(broker.exchanges) + 1 for broker in brokers),
                    "queues": len(queues),
                },
                "listeners": [],
                "contexts": [],
            }
        )


class Node(Resource):
    """The one node that there is."""

    def get(self, name: str | None = None) -> None:
        """Tell of it."""
        if name not in (None, views.NODE):
            raise NotFoundError(name)
        alarms = self.host.broker.alarms
        told = {
            "name": views.NODE,
            "type": "disc",
            "running": True,
            "mem_alarm": "memory" in alarms,
            "disk_free_alarm": "disk" in alarms,
            "uptime": int(self.host.broker.now * 1000),
            "partitions": [],
        }
        self.answer([told] if name is None else told)


class Told(Resource):
    """What never changes."""

    told: ClassVar[object] = None

    def get(self, *_: str) -> None:
        """Tell it."""
        self.answer(self.told)


class Nothing(Told):
    """What does not exist here: there is none of it."""

    told: ClassVar[object] = ()

    def put(self, *_: str) -> None:
        """It can't be made here."""
        told = "it can't be made while the broker runs: give policies in a definitions file when it starts"
        raise BadRequestError(told)


class ClusterName(Told):
    """The cluster's name."""

    told: ClassVar[object] = {"name": views.NODE}


class Healthy(Told):
    """Nothing is wrong."""

    told: ClassVar[object] = {"status": "ok"}


class Alarms(Resource):
    """Whether an alarm is raised."""

    def get(self, *_: str) -> None:
        """503 if one is."""
        alarms = sorted(str(each) for each in self.host.broker.alarms)
        if alarms:
            self.set_status(503)
            self.answer({"status": "failed", "reason": f"low on {' and '.join(alarms)}"})
        else:
            self.answer({"status": "ok"})


class WhoAmI(Resource):
    """Who asks."""

    def get(self) -> None:
        """Tell the name and the tags."""
        self.answer({"name": self.user, "tags": list(self.host.accounts.users[self.user].tags)})


class Alive(Resource):
    """Whether a message goes through a virtual host."""

    def get(self, vhost: str) -> None:
        """Send one through."""
        if not actions.is_alive(self.broker_of(vhost), self.user):
            raise BadRequestError("the message did not come out of the queue")
        self.answer({"status": "ok"})


class Definitions(Resource):
    """All definitions, or a virtual host's."""

    administrators_only = True

    def get(self, vhost: str | None = None) -> None:
        """Export them."""
        if vhost is not None:
            self.broker_of(vhost)
        self.answer(exported.written(self.host, vhost))

    def post(self, vhost: str | None = None) -> None:
        """Take them in."""
        if vhost is not None:
            self.broker_of(vhost)
        refused = exported.taken_in(self.host, self.body_given(), vhost)
        wrong = [each for each in refused if each.startswith("Refused")]
        if wrong:
            raise BadRequestError(" ".join(wrong))
        self.gone()
