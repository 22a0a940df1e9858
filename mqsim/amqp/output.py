"""What a session has to send: frames in order, in pieces, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pamqp import commands

from mqsim.amqp.frames import HEARTBEAT_FRAME, METHOD, content_frames, frame
from mqsim.amqp.methods import Method, made, write_method
from mqsim.protocol import Output

if TYPE_CHECKING:
    from collections.abc import Callable


class FrameOutput(Output):
    """A queue of frames.

    Args:
        awake: called when there is something to send.

    Attributes:
        frame_max: bytes of the largest frame; 0 is no limit.
    """

    def __init__(self, awake: Callable[[], None]) -> None:
        super().__init__(awake)
        self.frame_max = 0
        # A positive confirm at the tail of the output, which a later one may take in: channel and number.
        self._last_confirm: tuple[int, int, int] | None = None

    def send(self, channel: int, method: Method, place: int | None = None) -> None:
        """Send a method; with a `place`, ahead of what was sent since."""
        data = frame(METHOD, channel, write_method(method))
        if place is None:
            self.append(data)
        else:
            if place < self.place():
                self._last_confirm = None
            self.insert(data, place)

    def send_content(self, channel: int, method: Method, header: bytes, body: bytes) -> None:
        """Send a method with its content."""
        pieces = [frame(METHOD, channel, write_method(method))]
        pieces += content_frames(channel, header, body, self.frame_max)
        self.append(b"".join(pieces))

    def send_confirm(self, channel: int, number: int, all_up_to: int) -> None:
        """Confirm a publish; several in a row become one.

        Args:
            channel: the channel's number.
            number: the publish's number.
            all_up_to: every publish up to this number has been answered.
        """
        last = self._last_confirm
        if last is not None and last[:2] == (channel, self.place()) and last[2] <= all_up_to >= number:
            self.withdraw()
            number = all_up_to
            ack = made(commands.Basic.Ack, delivery_tag=number, multiple=True)
        else:
            ack = made(commands.Basic.Ack, delivery_tag=number)
        self.send(channel, ack)
        self._last_confirm = (channel, self.place(), number)

    def send_heartbeat(self) -> None:
        """Send a sign of life."""
        self.append(HEARTBEAT_FRAME)

    def take(self) -> bytes:
        """Take all that is to be sent."""
        self._last_confirm = None
        return super().take()
