"""Virtual hosts, users and permissions, in the management API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.server import accounts
from mqsim.server.management import actions, exported, views
from mqsim.server.management.actions import BadRequestError
from mqsim.server.management.resource import NotFoundError, Resource

if TYPE_CHECKING:
    from mqsim.broker import Broker
    from mqsim.server.management.views import Json


class Vhosts(Resource):
    """All virtual hosts."""

    def get(self) -> None:
        """List them."""
        self.answer([_shown(name, broker) for name, broker in self.opened()])


def _shown(name: str, broker: Broker) -> Json:
    """A virtual host."""
    ready = sum(each.waiting for each in broker.queues.values())
    unacked = sum(each.unacked for each in broker.queues.values())
    return {
        "name": name,
        "description": "",
        "tags": [],
        "default_queue_type": "undefined",
        "metadata": {"description": "", "tags": []},
        "tracing": False,
        "cluster_state": {views.NODE: "running"},
        "messages": ready + unacked,
        "messages_ready": ready,
        "messages_unacknowledged": unacked,
    }


class OneVhost(Resource):
    """A virtual host."""

    administrators_only = True

    def get(self, name: str) -> None:
        """Tell of it."""
        self.answer(_shown(name, self.broker_of(name)))

    def put(self, name: str) -> None:
        """Make it; who makes it may open it."""
        new = name not in self.host.vhosts.brokers
        self.host.vhosts.add(name)
        if new and self.host.accounts.permissions is not None:
            every = self.host.vhosts.brokers
            self.host.accounts.grant(self.user, name, accounts.Permission(), every)
        self.created(new)

    def delete(self, name: str) -> None:
        """Take it away."""
        if name not in self.host.vhosts.brokers:
            raise NotFoundError(name)
        self.host.vhosts.remove(name)
        self.host.accounts.forget_vhost(name)
        self.gone()


class Users(Resource):
    """All users."""

    administrators_only = True

    def get(self, *_: str) -> None:
        """List them."""
        self.answer([accounts.shown(name, user) for name, user in sorted(self.host.accounts.users.items())])


class OneUser(Resource):
    """A user."""

    administrators_only = True

    def get(self, name: str) -> None:
        """Tell of the user."""
        self.answer(accounts.shown(name, self._found(name)))

    def _found(self, name: str) -> accounts.User:
        found = self.host.accounts.users.get(name)
        if found is None:
            raise NotFoundError(name)
        return found

    def put(self, name: str) -> None:
        """Add the user, or change password and tags."""
        given = self.body_given()
        if "tags" not in given:
            raise BadRequestError("tags_not_present")
        new = name not in self.host.accounts.users
        self.host.accounts.users[name] = accounts.stored(accounts.user_of(given))
        if new and self.host.accounts.permissions is None:
            # A new user may open nothing until somebody says so.
            every = self.host.accounts.listed(self.host.vhosts.brokers)
            self.host.accounts.permissions = {at: each for at, each in every.items() if at[0] != name}
        self.created(new)

    def delete(self, name: str) -> None:
        """Take the user away."""
        self._found(name)
        if name == self.user:
            raise BadRequestError("who asks can't be deleted")
        self.host.accounts.forget_user(name)
        self.gone()


class Permissions(Resource):
    """Who may open which virtual host: all, a user's, or a virtual host's."""

    administrators_only = True

    def get(self, user: str | None = None, vhost: str | None = None) -> None:
        """List them."""
        if user is not None and user not in self.host.accounts.users:
            raise NotFoundError(user)
        if vhost is not None and vhost not in self.host.vhosts.brokers:
            raise NotFoundError(vhost)
        every = exported.permissions(self.host)
        self.answer(
            [each for each in every if user in (None, each["user"]) and vhost in (None, each["vhost"])]
        )


class OnePermission(Resource):
    """What a user may do in a virtual host."""

    administrators_only = True

    def get(self, vhost: str, user: str) -> None:
        """Tell it."""
        for each in exported.permissions(self.host):
            if (each["user"], each["vhost"]) == (user, vhost):
                self.answer(each)
                return
        raise NotFoundError(user)

    def put(self, vhost: str, user: str) -> None:
        """Let the user in."""
        given = self.body_given()
        actions.wanted(given, "configure", "write", "read")
        if vhost not in self.host.vhosts.brokers or user not in self.host.accounts.users:
            raise BadRequestError("no such user or virtual host")
        every = self.host.vhosts.brokers
        new = (user, vhost) not in self.host.accounts.listed(every)
        patterns = (str(given[name]) for name in ("configure", "write", "read"))
        self.host.accounts.grant(user, vhost, accounts.Permission(*patterns), every)
        self.created(new)

    def delete(self, vhost: str, user: str) -> None:
        """Keep the user out."""
        if not self.host.accounts.revoke(user, vhost, self.host.vhosts.brokers):
            raise NotFoundError(user)
        self.gone()
