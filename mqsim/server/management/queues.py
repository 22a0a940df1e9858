"""Queues, in the management API."""

from __future__ import annotations

from mqsim.server.management import actions, views
from mqsim.server.management.clients import consumers_of
from mqsim.server.management.resource import Resource


class Queues(Resource):
    """All queues, or a virtual host's."""

    def get(self, vhost: str | None = None) -> None:
        """List them."""
        self.answer(
            [
                self.shown_queue(each, name)
                for name, broker in self.opened(vhost)
                for _, each in sorted(broker.queues.items())
            ]
        )


class OneQueue(Resource):
    """A queue."""

    def get(self, vhost: str, name: str) -> None:
        """Tell of it, and of its consumers."""
        queue = self.queue_of(vhost, name)
        consumers = [
            each for each in consumers_of(self.sessions()) if each["queue"] == {"name": name, "vhost": vhost}
        ]
        self.answer(
            self.shown_queue(queue, vhost) | {"consumer_details": consumers, "incoming": [], "deliveries": []}
        )

    def put(self, vhost: str, name: str) -> None:
        """Declare it."""
        self.created(actions.put_queue(self.broker_of(vhost), self.user, name, self.body_given()))

    def delete(self, vhost: str, name: str) -> None:
        """Delete it."""
        self.queue_of(vhost, name)
        broker = self.broker_of(vhost)
        actions.delete_queue(broker, self.user, name, self.asks("if-unused"), self.asks("if-empty"))
        self.gone()


class QueueContents(Resource):
    """A queue's ready messages."""

    def delete(self, vhost: str, name: str) -> None:
        """Let them go."""
        self.queue_of(vhost, name)
        actions.purge(self.broker_of(vhost), self.user, name)
        self.gone()


class QueueGet(Resource):
    """A look into a queue."""

    def post(self, vhost: str, name: str) -> None:
        """Take messages out, and put them back if that is asked."""
        self.answer(actions.get(self.broker_of(vhost), self.user, name, self.body_given()))


class QueueBindings(Resource):
    """What is bound to a queue."""

    def get(self, vhost: str, name: str) -> None:
        """List it."""
        self.queue_of(vhost, name)
        every = views.bindings(self.broker_of(vhost), vhost)
        self.answer(
            [each for each in every if (each["destination_type"], each["destination"]) == ("queue", name)]
        )
