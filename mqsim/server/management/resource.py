"""A resource of the management API: who asks, what was sent, and how it is answered.

Source: RabbitMQ's documentation of the HTTP API; its answers to mistakes as a real 3.10 gives them.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from tornado.web import RequestHandler

from mqsim.amqp import Session
from mqsim.broker.replies import ACCESS_REFUSED, NOT_FOUND
from mqsim.errors import BrokerError, MqsimError
from mqsim.server import accounts
from mqsim.server.management import views
from mqsim.server.management.actions import BadRequestError
from mqsim.server.management.counts import Count, Counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.broker import Broker, Queue
    from mqsim.server.accounts import User
    from mqsim.server.host import Host
    from mqsim.server.management.views import Json

TAGS = ("administrator", "monitoring", "policymaker", "management")
"""Users without one of these tags are not let in."""
MONITORS = ("administrator", "monitoring")
"""Users with one of these tags see the clients of all users, others only their own."""


class RefusedError(MqsimError):
    """This user may not do that; its text is the reason that the API gives."""


class NotFoundError(MqsimError):
    """What was asked for is not there."""


class NoVhostError(NotFoundError):
    """There is no such virtual host."""


class Resource(RequestHandler):
    """One resource.

    Attributes:
        administrators_only: whether the tag `administrator` is needed.
    """

    administrators_only: ClassVar[bool] = False

    def initialize(self, host: Host, counts: Counts) -> None:
        """What the application gives to each."""
        self.host = host
        self.counts = counts

    def set_default_headers(self) -> None:
        """What each answer carries."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Server", "mqsim")

    def prepare(self) -> None:
        """Find out who asks, and move the broker on to now."""
        self.user = ""
        user = self._who()
        if user is None:
            return
        if not set(user.tags) & set(TAGS):
            raise RefusedError("Not management user")
        if self.administrators_only and accounts.ADMINISTRATOR not in user.tags:
            raise RefusedError("Not administrator user")
        self.host.advance()

    def _who(self) -> User | None:
        scheme, _, told = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            self.set_status(401)
            self.set_header("WWW-Authenticate", 'Basic realm="RabbitMQ Management"')
            self.finish()
            return None
        try:
            name, _, password = base64.b64decode(told).decode().partition(":")
        except (ValueError, binascii.Error):
            name = password = ""
        user = self.host.accounts.users.get(name)
        if user is None or user.password is None or not user.password.fits(password):
            raise RefusedError("Login failed")
        self.user = name
        return user

    def _refuse(self, status: int, error: str, reason: str) -> None:
        self.set_status(status)
        self.finish(json.dumps({"error": error, "reason": reason}))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What is answered to a mistake, in RabbitMQ's words."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, NoVhostError) and self.request.method in ("PUT", "POST"):
            self._refuse(404, "not_found", "vhost_not_found")
        elif isinstance(error, NotFoundError):
            self._refuse(404, "Object Not Found", "Not Found")
        elif isinstance(error, RefusedError):
            self._refuse(401, "not_authorised", str(error))
        elif isinstance(error, BrokerError):
            self._refuse_as_broker(error)
        elif isinstance(error, MqsimError):
            self._refuse(400, "bad_request", str(error))
        else:
            self.set_status(status_code)
            self.finish()

    def _refuse_as_broker(self, error: BrokerError) -> None:
        """The broker refused it; what is not there is named with its code, other reasons stand alone."""
        text = self._in_vhost(error.text)
        if error.code == NOT_FOUND:
            words = text if self.request.path.endswith("/get") else text.partition(" - ")[2]
            self._refuse(404, "not_found", words)
        elif error.code == ACCESS_REFUSED:
            self._refuse(401, "not_authorised", "Access refused.")
        else:
            self._refuse(400, "bad_request", text.partition(" - ")[2] or text)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Only a mistake of ours is worth a line."""
        if not isinstance(value, MqsimError) and self.get_status() >= 500:
            logging.getLogger("mqsim.server").error("a request failed", exc_info=(typ, value, tb))

    def on_finish(self) -> None:
        """Send what the request caused."""
        self.host.look_soon()

    # -- what resources share --------------------------------------------------------------------------------

    def _in_vhost(self, text: str) -> str:
        vhost = self.path_args[0] if self.path_args else "/"
        return (
            text.replace("in vhost '/'", f"in vhost '{vhost}'") if vhost in self.host.vhosts.brokers else text
        )

    def broker_of(self, vhost: str) -> Broker:
        """The broker of a virtual host that this user may open."""
        brokers = self.host.vhosts.brokers
        if vhost not in brokers:
            raise NoVhostError(vhost)
        if not self.host.accounts.vhosts_of(self.user, [vhost]):
            raise RefusedError("User not authorised to access virtual host")
        return brokers[vhost]

    def queue_of(self, vhost: str, name: str) -> Queue:
        """A queue in a virtual host that this user may open, or 404."""
        queue = self.broker_of(vhost).queues.get(name)
        if queue is None:
            raise NotFoundError(name)
        return queue

    def opened(self, vhost: str | None = None) -> Iterator[tuple[str, Broker]]:
        """The virtual hosts that this user may open, or the one that is asked for."""
        if vhost is not None:
            yield vhost, self.broker_of(vhost)
            return
        for name in self.host.accounts.vhosts_of(self.user, self.host.vhosts.brokers):
            yield name, self.host.vhosts.brokers[name]

    def has_tag(self, *tags: str) -> bool:
        """Whether the user who asks has one of these tags."""
        return not set(tags).isdisjoint(self.host.accounts.users[self.user].tags)

    def session_of(self, name: str, *tags: str) -> Session:
        """The client whose connection has that name, or 404; another user's only with one of these tags."""
        for each in self.sessions():
            if each.name == name:
                if each.user != self.user and not self.has_tag(*tags):
                    raise RefusedError("User not authorised to access object")
                return each
        raise NotFoundError(name)

    def sessions_shown(self, vhost: str | None = None) -> list[Session]:
        """The clients that this user may see, or those of them in a virtual host."""
        if vhost is not None:
            self.broker_of(vhost)
        every = self.has_tag(*MONITORS)
        return [
            each
            for each in self.sessions()
            if vhost in (None, each.vhost) and (every or each.user == self.user)
        ]

    def sessions(self) -> list[Session]:
        """The clients that are logged in."""
        found = [each.session for each in self.host.streams]
        return [each for each in found if isinstance(each, Session) and each.linked]

    def body_given(self) -> dict[str, Any]:
        """What was sent, as JSON."""
        if not self.request.body:
            return {}
        try:
            given = json.loads(self.request.body, parse_constant=_refuse_constant)
            # Half of a surrogate pair is JSON, and no text: nobody could be sent it.
            json.dumps(given, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise BadRequestError("not_json") from None
        if not isinstance(given, dict):
            raise BadRequestError("not_json")
        return given

    def asks(self, name: str) -> bool:
        """Whether the query sets something to true."""
        return self.get_query_argument(name, "false") == "true"

    def answer(self, told: Any) -> None:
        """Answer with JSON: only some columns, sorted, or a page of it, where that is asked."""
        if isinstance(told, list):
            told = self._paged(self._sorted(told))
        columns = self.get_query_argument("columns", "")
        if columns and isinstance(told, list):
            names = columns.split(",")
            told = [{name: each[name] for name in names if name in each} for each in told]
        self.finish(json.dumps(told))

    def _sorted(self, told: list[Json]) -> list[Json]:
        by = self.get_query_argument("sort", "")
        if not by:
            return told
        key = by.split(".")

        def value(each: Any) -> tuple[bool, Any]:
            for name in key:
                each = each.get(name) if isinstance(each, dict) else None
            if isinstance(each, int | float | None):
                return (False, each or 0)
            return (True, each if isinstance(each, str) else json.dumps(each))

        return sorted(told, key=value, reverse=self.asks("sort_reverse"))

    def _paged(self, told: list[Json]) -> Any:
        asked = self.get_query_argument("page", "")
        if not asked:
            return told
        try:
            page, each_page = int(asked), int(self.get_query_argument("page_size", "100"))
        except ValueError:
            page = each_page = 0
        if page < 1 or not 0 < each_page <= 500:
            raise BadRequestError("page must be 1 or more, page_size 1 to 500")
        name = self.get_query_argument("name", "")
        some = [each for each in told if name in str(each.get("name", ""))]
        items = some[(page - 1) * each_page : page * each_page]
        pages = max(1, -(-len(some) // each_page))
        if page > pages:
            raise BadRequestError(f"page out of range, page: {page} page size: {each_page}, len: {len(some)}")
        return {
            "filtered_count": len(some),
            "item_count": len(items),
            "items": items,
            "page": page,
            "page_count": pages,
            "page_size": each_page,
            "total_count": len(told),
        }

    def created(self, new: bool, location: str = "") -> None:
        """It is there now: 201 if it was not before."""
        self.set_status(201 if new else 204)
        if location:
            self.set_header("Location", location)
        if not new:
            self.clear_header("Content-Type")
        self.finish()

    def gone(self) -> None:
        """It is done, and there is nothing to tell."""
        self.created(False)

    def shown_queue(self, each: Queue, vhost: str) -> Json:
        """A queue with its counts."""
        return views.queue(each, vhost, self.counts.queues.get(each, Count()))


def _refuse_constant(name: str) -> None:
    """Python's reader takes NaN and Infinity, which JSON does not have."""
    raise ValueError(name)


class Unknown(Resource):
    """A path that is no resource."""

    def prepare(self) -> None:
        """Whatever is asked of it."""
        super().prepare()
        if not self._finished:
            raise NotFoundError(self.request.path)
