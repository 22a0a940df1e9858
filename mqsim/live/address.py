"""Where a RabbitMQ is, and as whom to connect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pika

from mqsim.errors import UsageError

_PLAIN = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^\s:/@]+)(?::(?P<port>\d{1,5}))?")
_WAIT = 10.0


@dataclass(frozen=True)
class Address:
    """The address of a broker.

    Attributes:
        url: as pika takes it, with user and password.
        shown: the same without them, for people.
    """

    url: str
    shown: str

    @classmethod
    def read(cls, text: str) -> Address:
        """Read an address.

        Args:
            text: `HOST`, `HOST:PORT` (user and password guest) or `amqp://USER:PASSWORD@HOST:PORT/VHOST`.

        Raises:
            UsageError: it is none of these.
        """
        plain = _PLAIN.fullmatch(text.strip())
        url = text.strip()
        if plain is not None:
            url = f"amqp://guest:guest@{plain['host']}:{plain['port'] or 5672}/%2F"
        wrong = f"--amqp {text}: write HOST:PORT or amqp://USER:PASSWORD@HOST:PORT/VHOST."
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise UsageError(wrong) from None
        if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
            raise UsageError(wrong)
        return cls(url, f"{parts.hostname}:{port or (5671 if parts.scheme == 'amqps' else 5672)}")

    def parameters(self) -> pika.connection.Parameters:
        """How pika connects: one try, ten seconds at most."""
        parameters = pika.URLParameters(self.url)
        parameters.socket_timeout = parameters.stack_timeout = _WAIT
        parameters.blocked_connection_timeout = 30.0
        parameters.connection_attempts = 1
        return parameters

    def connect(self) -> pika.BlockingConnection:
        """A connection.

        Raises:
            UsageError: nobody answers there, or the user may not.
        """
        try:
            return pika.BlockingConnection(self.parameters())
        except (pika.exceptions.AMQPError, OSError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise UsageError(
                f"--amqp: no connection to a RabbitMQ at {self.shown} ({why[:200]}). Is it running, "
                "and are user, password and virtual host right?"
            ) from None
