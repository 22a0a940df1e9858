"""What a replay must show at a time, counted from the tables by a few plain lines; and where it shows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from mqsim.api import Result

REPLAY = "[data-testid=replay]"
COUNTS = ("ready", "unacknowledged", "acknowledged", "redelivered", "deadLettered", "lost")


def counted(result: Result, t: float) -> dict[str, Any]:
    """The legend's numbers, and the depth of each queue, after all that happened up to `t`."""
    messages, deliveries = result.messages, result.deliveries
    sent = deliveries[deliveries["sent"] <= t]
    out = sent[~(sent["ended"] <= t)]
    again = sent[sent["attempt"] > 1]
    lost_at = deliveries[deliveries["how"] == "lost"].set_index("copy")["ended"]
    there = messages[(messages["enqueued"] <= t) & ~(messages["ended"] <= t)]
    waiting = there[~there["copy"].isin(out["copy"])]
    gone = messages["copy"].map(lost_at).fillna(messages["ended"])
    lost = (messages["outcome"] == "lost") & (gone <= t)
    acked = messages["acked"] <= t
    return {
        "ready": len(waiting),
        "unacknowledged": len(out[~out["copy"].isin(messages[acked]["copy"])]),
        "acknowledged": int((acked & ~lost).sum()),
        "redelivered": len(again),
        "deadLettered": int(((messages["outcome"] == "dead-lettered") & (messages["ended"] <= t)).sum()),
        "lost": int(lost.sum()),
        "depth": [int((waiting["queue"] == name).sum()) for name in result.trace.queues.names],
    }


def mirrored(page: Page) -> dict[str, Any]:
    """The same, as the page has it."""
    data = page.locator(REPLAY).evaluate("one => ({...one.dataset})")
    return {name: int(data[name]) for name in COUNTS} | {"depth": json.loads(data["depth"])}


def data(page: Page, name: str) -> str:
    """One of the values that the page mirrors."""
    return str(page.locator(REPLAY).evaluate("(one, name) => one.dataset[name]", name))


def number(page: Page, name: str) -> float:
    """The same, as a number."""
    return float(data(page, name))


def ready(page: Page) -> None:
    """Wait until the film is there and drawn."""
    page.wait_for_selector(f"{REPLAY}[data-loaded][data-t]")


def go(page: Page, t: float) -> None:
    """Go to a time, as another program would, and let dots come to rest."""
    page.locator(REPLAY).evaluate("(one, t) => { one.player.seek(t); one.player.advance(2); }", t)


def spot(page: Page, copy: int) -> tuple[float, float]:
    """Where on the page the dot of a copy is."""
    found = page.locator(REPLAY).evaluate(
        """(one, copy) => {
          const { drawn, zoom } = one.player.stage, box = one.querySelector('.stage').getBoundingClientRect();
          for (let at = 0; at < drawn.length; at += 3) {
            if (drawn[at] === copy) return [box.left + drawn[at + 1] * zoom, box.top + drawn[at + 2] * zoom];
          }
          return null;
        }""",
        copy,
    )
    assert found is not None, f"copy {copy} is not drawn"
    return found[0], found[1]
