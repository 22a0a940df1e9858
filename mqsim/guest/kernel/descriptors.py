"""What the runtime asks of a guest's sockets and of its `import`, whoever makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types import ModuleType


class Descriptor(Protocol):
    """A socket of a guest, under a number.

    Attributes:
        changed: the number of the first change since an epoll last looked, among all sockets' changes; or 0.
    """

    changed: int

    @property
    def watchers(self) -> list[Any]:
        """The threads to wake when something changes."""

    def received(self, data: bytes) -> None:
        """Bytes have come in."""

    def answered(self, number: int) -> None:
        """A connection has been opened (0), or not (an errno)."""

    def ended(self) -> None:
        """The peer sends no more."""

    def torn(self) -> None:
        """The connection was reset."""

    def readable(self) -> bool:
        """Whether reading, or accepting, would not wait."""

    def writable(self) -> bool:
        """Whether writing would not wait."""

    def failed(self) -> bool:
        """Whether an error waits to be told."""

    def hung_up(self) -> bool:
        """Whether nothing goes either way any more."""

    def holds_only(self, piece: bytes) -> bool:
        """Whether it is connected, with nothing there to be read, or told, but whole pieces of this kind."""

    def send(self, data: Any, flags: int = 0) -> int:
        """Send; how many bytes."""

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive up to `bufsize` bytes."""

    def close(self) -> None:
        """Close it."""


class Imports(Protocol):
    """A guest's `import`.

    Attributes:
        main: the program's `__main__`.
        builtins: what `__builtins__` is in the program's own files.
        library_builtins: the same for what is executed afresh of the standard library.
    """

    main: ModuleType
    builtins: dict[str, Any]
    library_builtins: dict[str, Any]

    def show(self, visible: bool) -> None:
        """Have `sys.modules` name the program's own modules, or no more."""
