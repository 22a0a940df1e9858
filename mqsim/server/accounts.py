"""Users, what they may open, and their tags: read from a definitions file, changed by the management API.

Source: RabbitMQ's documentation of access control, of passwords and of definitions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.protocol.access import DEFAULT_HASH, VHOST, Access, Password
from mqsim.scenario.definitions import read_definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class User:
    """One user.

    Attributes:
        password: None if nobody can log in as this user.
        tags: what RabbitMQ's management distinguishes, such as `administrator`.
    """

    password: Password | None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """Patterns of what a user may configure, write and read in a virtual host.

    Here it counts that there are some; which, does not.
    """

    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"


def _guest() -> dict[str, User]:
    return {"guest": User(Password("guest"), (ADMINISTRATOR,))}


@dataclass(slots=True)
class Accounts:
    """All users and their permissions; those of a new RabbitMQ unless told.

    Attributes:
        users: by name.
        permissions: by user and virtual host; None as long as nobody said any: all users may do everything.
    """

    users: dict[str, User] = field(default_factory=_guest)
    permissions: dict[tuple[str, str], Permission] | None = None

    @classmethod
    def read(cls, path: Path) -> Accounts:
        """Those of a definitions file; without any users in it, those of a new RabbitMQ.

        Raises:
            UsageError: the file can't be read, or is none of that kind.
        """
        read_definitions(path)
        made = cls()
        made.take(json.loads(path.read_text(encoding="utf-8-sig")))
        return made

    def take(self, given: Mapping[str, Any]) -> None:
        """Add what definitions hold; the first users that are named replace those of a new RabbitMQ."""
        users = [each for each in given.get("users") or () if isinstance(each, dict)]
        if users and self.users == _guest() and self.permissions is None:
            self.users = {}
        for each in users:
            self.users[str(each.get("name"))] = user_of(each)
        listed = given.get("permissions")
        if not isinstance(listed, list) or not (users or self.permissions is not None):
            return
        self.permissions = self.permissions or {}
        for each in listed:
            if isinstance(each, dict):
                patterns = (str(each.get(name, "")) for name in ("configure", "write", "read"))
                place = str(each.get("user")), str(each.get("vhost", VHOST))
                self.permissions[place] = Permission(*patterns)

    def access(self, vhosts: Iterable[str]) -> Access:
        """Who may log in where, as sessions ask it."""
        passwords = {name: user.password for name, user in self.users.items() if user.password is not None}
        if self.permissions is None:
            return Access(passwords, frozenset(vhosts))
        may = {name: frozenset(self.vhosts_of(name, vhosts)) for name in self.users}
        return Access(passwords, frozenset(vhosts), may)

    def vhosts_of(self, user: str, vhosts: Iterable[str]) -> list[str]:
        """Those of the virtual hosts that a user may open."""
        return [name for name in vhosts if self.permissions is None or (user, name) in self.permissions]

    def listed(self, vhosts: Iterable[str]) -> dict[tuple[str, str], Permission]:
        """All permissions, also those that nobody had to write down."""
        if self.permissions is not None:
            return self.permissions
        return {(user, vhost): Permission() for vhost in vhosts for user in self.users}

    def grant(self, user: str, vhost: str, permission: Permission, vhosts: Iterable[str]) -> None:
        """Let a user into a virtual host; from now on nobody gets in where nothing says so."""
        self.permissions = {**self.listed(vhosts), (user, vhost): permission}

    def revoke(self, user: str, vhost: str, vhosts: Iterable[str]) -> bool:
        """Take that back; False if there was nothing to take."""
        before = self.listed(vhosts)
        self.permissions = {place: each for place, each in before.items() if place != (user, vhost)}
        return len(self.permissions) < len(before)

    def forget_vhost(self, vhost: str) -> None:
        """A virtual host is gone."""
        if self.permissions is not None:
            self.permissions = {place: each for place, each in self.permissions.items() if place[1] != vhost}

    def forget_user(self, user: str) -> None:
        """Take a user away."""
        del self.users[user]
        if self.permissions is not None:
            self.permissions = {place: each for place, each in self.permissions.items() if place[0] != user}


def user_of(given: Mapping[str, Any]) -> User:
    """A user as definitions and the management API have it.

    Raises:
        UsageError: the tags are neither a text nor a list.
    """
    tags = given.get("tags") or ()
    if not isinstance(tags, str | list | tuple):
        raise UsageError(f"tags {tags!r}: a list is wanted here, or a text with commas.")
    named = tags.split(",") if isinstance(tags, str) else tags
    return User(_password_of(given), tuple(str(each).strip() for each in named if str(each).strip()))


def _password_of(given: Mapping[str, Any]) -> Password | None:
    if text := given.get("password_hash"):
        return Password(str(text), str(given.get("hashing_algorithm") or DEFAULT_HASH))
    text = given.get("password")
    return Password(text) if isinstance(text, str) and text else None


def shown(name: str, user: User) -> dict[str, Any]:
    """A user as definitions and the management API show it: the password as a salted hash only."""
    password = user.password
    if password is not None and not password.algorithm:
        password = hashed(password.text)
    return {
        "name": name,
        "password_hash": "" if password is None else password.text,
        "hashing_algorithm": DEFAULT_HASH if password is None else password.algorithm,
        "tags": list(user.tags),
        "limits": {},
    }


def hashed(text: str, salt: bytes | None = None) -> Password:
    """A password as RabbitMQ keeps it: salt and SHA-256 of salt and password, in base64."""
    salt = os.urandom(4) if salt is None else salt
    digest = hashlib.sha256(salt + text.encode()).digest()
    return Password(base64.b64encode(salt + digest).decode(), DEFAULT_HASH)


def stored(user: User) -> User:
    """The user with a hash in place of the password itself."""
    password = user.password
    if password is None or password.algorithm:
        return user
    return replace(user, password=hashed(password.text))
