"""What is to be run: one program, its text and its surroundings."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass, field, replace
from importlib.util import decode_source
from pathlib import Path
from typing import TYPE_CHECKING

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KNOWN_HOSTS = ("localhost", "broker", "rabbitmq", "ledger")
"""Names that every guest can resolve, unless told otherwise; numeric addresses need no resolving."""

CPU_LIMIT = 10.0
"""Seconds of processor time that a program may use without waiting, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program, before it runs. It is plain data: a process carrier sends it as JSON.

    Attributes:
        name: the actor's name, unique in its world.
        source: the text of the file that is run as `__main__`.
        path: where that text stands; tracebacks and `__file__` show it. Modules beside it are the program's
            own.
        arguments: what follows in `sys.argv`.
        seed: `random`, `uuid` and `os.urandom` depend on it and on the name.
        hosts: names that resolve; others fail as an unknown host does.
        environment: what `os.environ` holds, beside where the ledger is.
        cpu_limit: seconds of processor time that it may use without waiting, before it is ended; None is for
            ever.
        observed: whether it is told which of its threads does what.
        stop_at: the instant at which it is to be killed, where that is known before it runs: how often it has
            waited by then, and how many operations it has done since (-1: nothing at all has run since).
        stdin: what its standard input holds.
        module: the full name of the module that it is run as (`python -m`), or empty.
    """

    name: str
    source: str
    path: str
    arguments: tuple[str, ...] = ()
    seed: int = 0
    hosts: tuple[str, ...] = KNOWN_HOSTS
    environment: Mapping[str, str] = field(default_factory=dict)
    cpu_limit: float | None = CPU_LIMIT
    observed: bool = False
    stop_at: tuple[int, int] | None = None
    stdin: str = ""
    module: str = ""

    @classmethod
    def from_file(
        cls,
        name: str,
        file: str | Path,
        arguments: Sequence[str] = (),
        *,
        seed: int = 0,
        hosts: Sequence[str] = KNOWN_HOSTS,
        environment: Mapping[str, str] | None = None,
        cpu_limit: float | None = CPU_LIMIT,
    ) -> Program:
        """A program that stands in a file.

        Raises:
            UsageError: the file can't be read, or is no text.
        """
        path = Path(file)
        try:
            source = decode_source(path.read_bytes())
        except OSError as error:
            raise UsageError(f"{path}: the program can't be read: {error.strerror or error}.") from error
        except (UnicodeDecodeError, SyntaxError, LookupError) as error:
            raise UsageError(f"{path}: the program is no Python text: {error}.") from error
        return cls(
            name,
            source,
            os.path.abspath(path),
            tuple(arguments),
            seed,
            tuple(hosts),
            dict(environment or {}),
            cpu_limit,
        )

    def named(self, name: str) -> Program:
        """The same program as another actor."""
        return replace(self, name=name)

    @property
    def folder(self) -> str:
        """Where the program's own modules are."""
        folder = os.path.dirname(self.path)
        depth = self.module.count(".") if self.module else 0
        for _ in range(depth):
            folder = os.path.dirname(folder)
        return folder

    @property
    def pid(self) -> int:
        """The number of its process, as it sees it: from its name, the same in every run."""
        return 1000 + zlib.crc32(self.name.encode()) % 30_000

    def to_json(self) -> str:
        """The program as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Program:
        """The opposite of `to_json`."""
        fields = json.loads(text)
        fields["arguments"] = tuple(fields["arguments"])
        fields["hosts"] = tuple(fields["hosts"])
        fields["stop_at"] = None if fields["stop_at"] is None else tuple(fields["stop_at"])
        return cls(**fields)
