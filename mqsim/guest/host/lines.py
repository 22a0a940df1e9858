"""What a program writes, as lines."""

from __future__ import annotations

import codecs
from collections.abc import Callable

OnLine = Callable[[str, str], None]
"""(stream, text): a line on `stdout` or `stderr`, without its end."""


class Lines:
    """Puts the bytes of one stream together.

    Args:
        stream: its name.
        tell: told of each line.
    """

    def __init__(self, stream: str, tell: OnLine) -> None:
        self._stream = stream
        self._tell = tell
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest: list[str] = []

    def add(self, data: bytes) -> None:
        """Take bytes; tell of each line that they end."""
        text = self._decoder.decode(data)
        first, *more = text.split("\n")
        self._rest.append(first)
        for line in more:
            self._tell(self._stream, "".join(self._rest))
            self._rest = [line]

    def end(self) -> None:
        """What has no end of line is a line too, once there is no more to come."""
        rest = "".join(self._rest) + self._decoder.decode(b"", True)
        self._rest.clear()
        if rest:
            self._tell(self._stream, rest)
