"""The programs that send and work: started, told, listened to, ended."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from typing import Any, Literal

from mqsim.errors import UsageError

_PATIENCE = 30.0
Kind = Literal["sender", "worker"]


class Member:
    """One program.

    Attributes:
        name: of its producer or consumer.
        done: messages that it has sent or worked on so far.
        times: at its end, what it noted of each.
    """

    def __init__(self, kind: Kind, name: str, job: dict[str, Any]) -> None:
        self.kind, self.name = kind, name
        self.done = 0
        self.times: list[list[Any]] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        # A session of its own, so that Ctrl-C reaches us alone and we end it in order.
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"mqsim.live.{kind}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self.tell(job)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def tell(self, line: dict[str, Any]) -> None:
        """Give it a line of input."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            self._failed()

    def close(self) -> None:
        """Say that nothing more comes, so that a worker ends."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def await_ready(self) -> None:
        """Wait until it is connected.

        Raises:
            UsageError: it failed, and why.
        """
        end = time.monotonic() + _PATIENCE
        while "ready" not in self._next(end - time.monotonic()):
            pass

    def await_end(self, seconds: float) -> list[list[Any]]:
        """Its notes, once it has ended.

        Raises:
            UsageError: it failed, and why; or it does not end in that time.
        """
        end = time.monotonic() + seconds
        while self.times is None:
            self._next(end - time.monotonic())
        return self.times

    def look(self) -> None:
        """Read what it has said by now."""
        while not self._lines.empty() and self.times is None:
            self._next(0.1)

    def _next(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=max(seconds, 0.01))
        except queue.Empty:
            raise UsageError(
                f"calibrate: {self.name} says nothing for {seconds:.0f} s; see RabbitMQ's log."
            ) from None
        if line is None:
            self._failed()
        said: dict[str, Any] = json.loads(line or "{}")
        self.done = said.get("done", self.done)
        if "times" in said:
            self.times = said["times"]
            self.done = len(said["times"])
        return said

    def _failed(self) -> None:
        assert self._process.stderr is not None
        self._process.wait(5)
        last = self._process.stderr.read().strip().splitlines()[-1:] or ["it ended without a word"]
        raise UsageError(f"calibrate: {self.name} failed: {last[0][:300]}")

    def end(self) -> None:
        """End it, whatever it does."""
        self.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
