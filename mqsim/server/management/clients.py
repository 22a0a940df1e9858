"""Connections, channels and consumers, in the management API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker.replies import CONNECTION_FORCED, connection_error
from mqsim.server.accounts import ADMINISTRATOR
from mqsim.server.management import views
from mqsim.server.management.resource import MONITORS, NotFoundError, Resource

if TYPE_CHECKING:
    from mqsim.amqp import Session
    from mqsim.broker import Channel
    from mqsim.server.management.views import Json


def channels_of(session: Session) -> list[Channel]:
    """A connection's open channels, by number."""
    return [] if session.link is None else [each for _, each in sorted(session.link.channels.items())]


def consumers_of(sessions: list[Session]) -> list[Json]:
    """The consumers of all these connections, as the API shows them."""
    return [
        views.consumer(session, each)
        for session in sessions
        for channel in channels_of(session)
        for each in channel.consumers.values()
    ]


class Connections(Resource):
    """All connections, or a virtual host's."""

    def get(self, vhost: str | None = None) -> None:
        """List them."""
        epoch = self.host.epoch
        shown = self.sessions_shown(vhost)
        self.answer([views.connection(each, epoch + each.opened_at) for each in shown])


class OneConnection(Resource):
    """A connection."""

    def get(self, name: str) -> None:
        """Tell of it."""
        session = self.session_of(name, *MONITORS)
        self.answer(views.connection(session, self.host.epoch + session.opened_at))

    def delete(self, name: str) -> None:
        """Close it."""
        link = self.session_of(name, ADMINISTRATOR).link
        assert link is not None
        reason = self.request.headers.get("X-Reason", "Closed via management plugin")
        link.close(connection_error(CONNECTION_FORCED, reason))
        self.gone()


class ConnectionChannels(Resource):
    """A connection's channels."""

    def get(self, name: str) -> None:
        """List them."""
        session = self.session_of(name, *MONITORS)
        self.answer([views.channel(session, each) for each in channels_of(session)])


class Channels(Resource):
    """All channels."""

    def get(self, vhost: str | None = None) -> None:
        """List them."""
        self.answer(
            [
                views.channel(session, each)
                for session in self.sessions_shown(vhost)
                for each in channels_of(session)
            ]
        )


class OneChannel(Resource):
    """A channel."""

    def get(self, name: str) -> None:
        """Tell of it."""
        for session in self.sessions_shown():
            for each in channels_of(session):
                shown = views.channel(session, each)
                if shown["name"] == name:
                    details = [
                        each for each in consumers_of([session]) if each["channel_details"]["name"] == name
                    ]
                    self.answer(shown | {"consumer_details": details, "publishes": [], "deliveries": []})
                    return
        raise NotFoundError(name)


class Consumers(Resource):
    """All consumers, or a virtual host's."""

    def get(self, vhost: str | None = None) -> None:
        """List them."""
        self.answer(consumers_of(self.sessions_shown(vhost)))
