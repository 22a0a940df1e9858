"""Who may log in, and to which virtual hosts.

Source: RabbitMQ's documentation of access control and of password hashes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VHOST = "/"
DEFAULT_HASH = "rabbit_password_hashing_sha256"
_SALT = 4
_HASHES = {
    "rabbit_password_hashing_sha256": hashlib.sha256,
    "rabbit_password_hashing_sha512": hashlib.sha512,
    "rabbit_password_hashing_md5": hashlib.md5,
}


@dataclass(frozen=True, slots=True)
class Password:
    """A password as a definitions file has it.

    Attributes:
        text: the password, or its salted hash in base64.
        algorithm: RabbitMQ's name of the hash; empty where `text` is the password itself.
    """

    text: str
    algorithm: str = ""

    def fits(self, given: str) -> bool:
        """Whether it is this one."""
        if not self.algorithm:
            return hmac.compare_digest(self.text.encode(), given.encode())
        try:
            known = base64.b64decode(self.text, validate=True)
        except (ValueError, binascii.Error):
            return False
        made = _HASHES.get(self.algorithm)
        if made is None:
            return False
        salt, digest = known[:_SALT], known[_SALT:]
        return hmac.compare_digest(digest, made(salt + given.encode()).digest())


@dataclass(frozen=True, slots=True)
class Access:
    """Users and virtual hosts; without any, those of a new RabbitMQ.

    Attributes:
        users: passwords by user.
        vhosts: names of virtual hosts that can be opened.
        permissions: the virtual hosts that each user may open; None: every user may open all.
        others: names of those that belong to the same RabbitMQ, and are not there.
    """

    users: Mapping[str, Password] = field(default_factory=lambda: {"guest": Password("guest")})
    vhosts: frozenset[str] = frozenset({VHOST})
    permissions: Mapping[str, frozenset[str]] | None = None
    others: frozenset[str] = frozenset()

    def trusts(self, user: str, password: str) -> bool:
        """Whether somebody may log in."""
        known = self.users.get(user)
        return known is not None and known.fits(password)

    def may_open(self, user: str, vhost: str) -> bool:
        """Whether a user may open a virtual host; what is allowed there, nothing limits."""
        return self.permissions is None or vhost in self.permissions.get(user, ())
