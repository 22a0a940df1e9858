"""Exchanges and bindings, in the management API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.server.management import actions, views
from mqsim.server.management.resource import NotFoundError, Resource

if TYPE_CHECKING:
    from mqsim.broker import Broker, Exchange
    from mqsim.broker.exchanges import Binding
    from mqsim.server.management.views import Json


class Exchanges(Resource):
    """All exchanges, or a virtual host's."""

    def get(self, vhost: str | None = None) -> None:
        """List them."""
        told: list[Json] = []
        for name, broker in self.opened(vhost):
            told.append(views.default_exchange(name))
            told += [views.exchange(each, name) for _, each in sorted(broker.exchanges.items())]
        self.answer(told)


def _found(broker: Broker, name: str) -> Exchange:
    """The exchange, or 404."""
    exchange = broker.exchanges.get(name)
    if exchange is None:
        raise NotFoundError(name)
    return exchange


class OneExchange(Resource):
    """An exchange; the one without a name is called `amq.default` in a path."""

    def get(self, vhost: str, name: str) -> None:
        """Tell of it."""
        if name == "amq.default":
            self.broker_of(vhost)
            self.answer(views.default_exchange(vhost))
        else:
            self.answer(
                views.exchange(_found(self.broker_of(vhost), name), vhost) | {"incoming": [], "outgoing": []}
            )

    def put(self, vhost: str, name: str) -> None:
        """Declare it."""
        self.created(actions.put_exchange(self.broker_of(vhost), self.user, name, self.body_given()))

    def delete(self, vhost: str, name: str) -> None:
        """Delete it."""
        _found(self.broker_of(vhost), name)
        actions.delete_exchange(self.broker_of(vhost), self.user, name, self.asks("if-unused"))
        self.gone()


class Publish(Resource):
    """An exchange that takes messages."""

    def post(self, vhost: str, name: str) -> None:
        """Publish one."""
        exchange = "" if name == "amq.default" else name
        routed = actions.publish(self.broker_of(vhost), self.user, exchange, self.body_given())
        self.answer({"routed": routed})


class ExchangeBindings(Resource):
    """What is bound to an exchange, or what it is bound to."""

    def get(self, vhost: str, name: str, end: str) -> None:
        """List it; `end` is which end of the bindings the exchange is."""
        name = "" if name == "amq.default" else _found(self.broker_of(vhost), name).name
        every = views.bindings(self.broker_of(vhost), vhost)
        if end == "source":
            self.answer([each for each in every if each["source"] == name])
        else:
            mine = ("exchange", name)
            self.answer([each for each in every if (each["destination_type"], each["destination"]) == mine])


class Bindings(Resource):
    """All bindings, or a virtual host's."""

    def get(self, vhost: str | None = None) -> None:
        """List them."""
        self.answer([each for name, broker in self.opened(vhost) for each in views.bindings(broker, name)])


class BindingsBetween(Resource):
    """The bindings from an exchange to a queue (`q`) or to an exchange (`e`)."""

    def get(self, vhost: str, source: str, kind: str, target: str) -> None:
        """List them."""
        found = _between(self.broker_of(vhost), source, kind, target)
        self.answer([views.binding(source, vhost, each) for each in found])

    def post(self, vhost: str, source: str, kind: str, target: str) -> None:
        """Bind."""
        broker = self.broker_of(vhost)
        called = actions.bind(broker, self.user, source, target, kind == "q", self.body_given())
        self.created(True, f"{target}/{called}")


class OneBinding(Resource):
    """A binding, called as `properties_key` says."""

    def get(self, vhost: str, source: str, kind: str, target: str, called: str) -> None:
        """Tell of it."""
        for each in _between(self.broker_of(vhost), source, kind, target):
            if views.properties_key(each) == called:
                self.answer(views.binding(source, vhost, each))
                return
        raise NotFoundError(called)

    def delete(self, vhost: str, source: str, kind: str, target: str, called: str) -> None:
        """Unbind."""
        broker = self.broker_of(vhost)
        if not actions.unbind(broker, self.user, source, target, kind == "q", called):
            raise NotFoundError(called)
        self.gone()


def _between(broker: Broker, source: str, kind: str, target: str) -> list[Binding]:
    """The bindings between the two; 404 if one of them is not there."""
    if source not in broker.exchanges or target not in (broker.queues if kind == "q" else broker.exchanges):
        raise NotFoundError(f"{source} {target}")
    return actions.between(broker, source, target, kind == "q")
