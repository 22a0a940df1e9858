"""What the kernel asks for while it runs: longer tables, and more random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim import run_size
from mqsim.errors import UsageError
from mqsim.twin import codes, state
from mqsim.twin.setting import first_blocks

if TYPE_CHECKING:
    from mqsim.twin.measuring import Times
    from mqsim.twin.setting import Setting

_TOGETHER: dict[str, tuple[str, ...]] = {
    "heap_t": ("heap_t", "heap_k", "heap_what"),
    "due_t": ("due_t", "due_k", "due_what"),
}
_FIRST_TURNS = 64


MOST_ATTEMPTS = 256
"""Attempts at a message after which a run is left to `sim`, if it is left to chance how each of them ends."""


class CannotGoOnError(UsageError):
    """A run came to what the twin leaves to `sim`; the message says to what."""


class Supply:
    """Serves one run.

    Args:
        setting: the run; its `state` is replaced as tables grow.
        times: where the times of messages go, if only numbers are wanted.
    """

    def __init__(self, setting: Setting, times: Times | None = None) -> None:
        self.setting = setting
        self._times = times
        self._drawn: dict[int, int] = {}
        self._begin()

    # -- room ------------------------------------------------------------------------------------------------

    def grow(self) -> None:
        """Make every table long enough for whatever the next step may bring, and twice as long if need be."""
        s = self.setting.state
        g = s.g[0]
        if self._times is not None:
            self._times.take(s.samples[: int(g.samples)])
            g.samples = 0
        sends = int(g.margin + min(g.ready + g.held, g.most_sends) * g.copies_factor)
        copies = int(g.margin + g.open * (g.copies_factor - 1))
        entries = int(g.margin + 2 * g.open * g.copies_factor)
        needs = {
            "heap_t": int(g.heap_n) + sends,
            "due_t": int(g.due_n + g.margin),
            "deliveries": int(g.deliveries) + sends,
            "messages": int(g.messages) + copies,
            "events": int(g.events) + entries,
        }
        longer: dict[str, Any] = {}
        for name in ("sessions", "ups", "spans", "notes", "publishes"):
            needs[name] = int(getattr(g, name) + g.margin)
        for name, need in needs.items():
            array = getattr(s, name)
            if need > len(array):
                self._lengthen(longer, name, max(need, 2 * len(array)))
        if g.out_n + sends > len(s.outbox):
            longer["outbox"] = self._longer_outbox(int(g.out_n) + sends)
        if longer:
            self.setting.state = s._replace(**longer)

    def _lengthen(self, longer: dict[str, Any], name: str, count: int) -> None:
        s = self.setting.state
        g = s.g[0]
        together = _TOGETHER.get(name, (name,))
        if name == "messages":
            together += ("service",) if g.services else ()
            together += ("chance",) if g.chances else ()
        for each in together:
            array = getattr(s, each)
            made = np.zeros((count, *array.shape[1:]), array.dtype)
            made[: len(array)] = array
            longer[each] = made.view(np.recarray) if array.dtype.names else made

    def _longer_outbox(self, need: int) -> Any:
        s = self.setting.state
        g = s.g[0]
        made = np.zeros(1 << need.bit_length(), np.int64)
        places = (int(g.out_head) + np.arange(int(g.out_n))) & (len(s.outbox) - 1)
        made[: int(g.out_n)] = s.outbox[places]
        g.out_head = 0
        return made

    # -- random numbers --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """The first block of each producer."""
        setting = self.setting
        s = setting.state
        sizes = first_blocks(setting)
        total = sum(sizes)
        g = s.g[0]
        setting.state = s._replace(
            draws=state.rows(state.DRAWS, total),
            draw_service=np.zeros((max(total, 1) if g.services else 1, s.service.shape[1])),
            draw_chance=np.zeros((max(total, 1) if g.chances else 1, s.chance.shape[1]), np.uint8),
        )
        base = 0
        for place, size in enumerate(sizes):
            a = s.actors[place]
            a.draw = a.draw_end = a.draw_base = base
            a.draw_room = size
            base += size
            if size:
                self._fill(place)
        self._think_more()

    def _fill(self, place: int) -> None:
        """Draw further messages of a producer, behind those that are left."""
        setting = self.setting
        s = setting.state
        a = s.actors[place]
        blocks = setting.blocks[place]
        assert blocks is not None
        base, left = int(a.draw_base), int(a.draw_end - a.draw)
        for array in (s.draws, s.draw_service, s.draw_chance):
            if len(array) > 1 and left:
                array[base : base + left] = array[int(a.draw) : int(a.draw_end)].copy()
        first = blocks.first
        block, last = blocks.take(int(a.draw_room) - left)
        n = len(block.time)
        begins, ends = base + left, base + left + n
        draws = s.draws[begins:ends]
        for name, cells in zip(block._fields, block, strict=True):
            draws[name] = cells
        a.draw, a.draw_end, a.final = base, ends, last
        actor = setting.actor_names[int(a.code)]
        g = s.g[0]
        for column in range(int(g.services)):
            s.draw_service[begins:ends, column] = setting.chances.service(actor, column, first, n)
        for column in range(int(g.chances)):
            for attempt in range(1, int(g.attempts) + 1):
                at = (attempt - 1) * int(g.chances) + column
                s.draw_chance[begins:ends, at] = setting.chances.chance(actor, column, attempt, first, n)

    def refill(self) -> None:
        """Draw what has run low."""
        setting = self.setting
        s = setting.state
        g = s.g[0]
        g.low = 0
        actors = s.actors
        low = (actors["draw_end"] - actors["draw"] <= actors["draw_margin"]) & (actors["final"] == 0)
        low &= (actors["kind"] >= codes.TIMED) & (actors["kind"] < codes.PRELOADED)
        for place in np.flatnonzero(low).tolist():
            self._fill(place)
        streams = s.streams
        for k in np.flatnonzero(
            (streams["end"] - streams["at"] <= streams["margin"]) & (streams["end"] > 0)
        ).tolist():
            self._draw_more(k)
        self._think_more()
        needed = self._attempts_needed()
        if g.chances and needed > g.attempts:
            self._widen(needed)
        g.attempts = max(int(g.attempts), needed)

    def _draw_more(self, k: int) -> None:
        s = self.setting.state
        stream, row = s.streams[k], s.pool[k]
        left = len(row) - int(stream.at)
        row[:left] = row[int(stream.at) :].copy()
        drawn = self._drawn.get(k, len(row))
        row[left:] = self.setting.streams[k].block(drawn, len(row) - left)
        self._drawn[k] = drawn + len(row) - left
        stream.at, stream.end = 0, len(row)

    def _think_more(self) -> None:
        """Thinking times for further turns of each closed loop."""
        setting = self.setting
        s = setting.state
        if not setting.thinkers:
            return
        parts, base = [], 0
        for place, sampler in setting.thinkers:
            a = s.actors[place]
            users = int(a.users)
            turns = int(s.users[int(a.users_from) : int(a.users_from) + users, 1].max()) if users else 0
            known = int(a.thought_turns)
            wanted = max(_FIRST_TURNS, 2 * known) if turns + 3 > known else known
            part = s.thoughts[int(a.thoughts) : int(a.thoughts) + known * users]
            parts.append(np.concatenate([part, sampler.block(known * users, (wanted - known) * users)]))
            a.thoughts, a.thought_turns = base, wanted
            base += wanted * users
        setting.state = s._replace(thoughts=np.concatenate(parts))

    def _attempts_needed(self) -> int:
        """The highest attempt whose outcome may soon be asked for, in powers of 2.

        Raises:
            CannotGoOnError: a message comes back so often that the outcomes would fill the memory, or that
                `sim` stops the run.
        """
        s = self.setting.state
        g = s.g[0]
        most, attempts = int(g.tries), int(g.attempts)
        while attempts < most + 1 and most > g.attempts:
            attempts *= 2
        limit = MOST_ATTEMPTS if g.chances else run_size.MOST_ATTEMPTS
        if attempts > limit:
            raise CannotGoOnError(f"a message was delivered over {limit} times.")
        return attempts

    def _widen(self, attempts: int) -> None:
        """What is left to chance about further attempts at messages that are there already, or drawn."""
        setting = self.setting
        s = setting.state
        g = s.g[0]
        chances, known = int(g.chances), int(g.attempts)
        chance = np.zeros((len(s.chance), chances * attempts), np.uint8)
        drawn = np.zeros((len(s.draw_chance), chances * attempts), np.uint8)
        chance[:, : chances * known] = s.chance
        drawn[:, : chances * known] = s.draw_chance
        rows = s.messages[: int(g.messages)]
        own = rows["origin"] == np.arange(len(rows))
        for place, blocks in enumerate(setting.blocks):
            if blocks is None:
                continue
            a = s.actors[place]
            actor = setting.actor_names[int(a.code)]
            mine = np.flatnonzero(own & (rows["producer"] == a.code))
            numbers = rows["number"][mine]
            left = int(a.draw_end - a.draw)
            for attempt in range(known + 1, attempts + 1):
                for column in range(chances):
                    at = (attempt - 1) * chances + column
                    if len(mine):
                        low, high = int(numbers.min()), int(numbers.max())
                        found = setting.chances.chance(actor, column, attempt, low, high + 1 - low)
                        chance[mine, at] = found[numbers - low]
                    first = blocks.first - left
                    draws = slice(int(a.draw), int(a.draw_end))
                    drawn[draws, at] = setting.chances.chance(actor, column, attempt, first, left)
        setting.state = s._replace(chance=chance, draw_chance=drawn)
