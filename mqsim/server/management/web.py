"""The management API on a port: RabbitMQ's HTTP API, and a page that shows the queues live.

Each route is one resource: a class with the methods that it can. What they find out stands in `views`, what
they change in `actions`. Tornado runs in the loop that serves the broker, so a request is done between two of
the broker's turns.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

from mqsim.errors import UsageError
from mqsim.server.management.resource import Unknown
from mqsim.server.management.routes import ROUTES

if TYPE_CHECKING:
    from mqsim.server.host import Host
    from mqsim.server.management.counts import Counts

LOOPBACK = "127.0.0.1"
LARGEST = 16 * 2**20
"""Bytes of the largest request."""
_PAGE = Path(__file__).parent / "page"


class Management:
    """The API on a port of this machine.

    Args:
        host: whose broker.
        counts: what counts its messages.
    """

    def __init__(self, host: Host, counts: Counts) -> None:
        self._application = Application(
            [(f"/api/{path}", handler, {"host": host, "counts": counts}) for path, handler in ROUTES]
            + [
                ("/api/.*", Unknown, {"host": host, "counts": counts}),
                (r"/(.*)", StaticFileHandler, {"path": str(_PAGE), "default_filename": "index.html"}),
            ],
            log_function=lambda _: None,
        )
        self._server: HTTPServer | None = None

    def listen(self, port: int) -> int:
        """Take a port, and give it back; asked for port 0, any that is free.

        Raises:
            UsageError: the port is taken.
        """
        try:
            sockets = bind_sockets(port, LOOPBACK)
        except OSError as error:
            raise UsageError(
                f"nothing can listen on {LOOPBACK}:{port} ({error.strerror or error}); "
                "choose another port with --management."
            ) from None
        self._server = HTTPServer(self._application, max_body_size=LARGEST)
        self._server.add_sockets(sockets)
        return int(sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more requests, and end those that there are."""
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
