"""RabbitMQ's management API over HTTP, as far as tools need it, and a page that shows the queues live."""

from mqsim.server.management.web import Management

__all__ = ["Management"]
