"""The explorer without a kernel: a picture and a table that stay as they are."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.report.tables import number
from mqsim.viz.palette import ENDINGS as LOOKS
from mqsim.viz.palette import HUES, LIGHT, VERMILLION
from mqsim.widgets.explore.drawing import ENDINGS, Drawing

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTH, _LEFT, _RIGHT, _DEPTH, _LANE, _TOP = 760, 84, 84, 150, 20, 22
_COLUMNS = 400

_STROKES = {"open": "M2 2h1M6 6h1", "given back": "M-2 10L10 -2", "refused": "M-2 -2L10 10"}
_STROKES["lost"] = _STROKES["given back"] + _STROKES["refused"]
_HATCHES = "".join(
    f'<pattern id="{ending.replace(" ", "-")}" width="8" height="8" patternUnits="userSpaceOnUse">'
    f'<path d="{strokes}" stroke="{LIGHT.paper}" stroke-width="1.5"/></pattern>'
    for ending, strokes in _STROKES.items()
)

Settings = Sequence[tuple[str, str]]


def static_text(shown: Mapping[str, Any], settings: Settings) -> str:
    """The explorer in a few lines of text."""
    turned = ", ".join(f"{label}: {words}" for label, words in settings)
    lines = [f"Explorer of {shown['title']} ({turned}); {fates_sentence(shown)}."]
    for part in shown["parts"]:
        lines.append(f"{part['queue'] or 'the whole'}: {fit_sentence(part)}")
        for row in part["rows"]:
            simulated = _said(shown["numbers"].get(f"{part['queue']}/{row['quantity']}"), row["unit"])
            lines.append(f"  {row['label']:<24} {simulated:>12}   theory {_said(row['theory'], row['unit'])}")
    return "\n".join(lines)


def static_html(drawn: Drawing, shown: Mapping[str, Any], settings: Settings) -> str:
    """Picture and numbers as HTML without styles or scripts of its own, which any page can take in."""
    image = b64encode(svg(drawn).encode()).decode()
    turned = "; ".join(f"{escape(label)}: <b>{escape(words)}</b>" for label, words in settings)
    tables = "".join(_table(part, shown["numbers"]) for part in shown["parts"])
    return (
        f"<p>Explorer of <b>{escape(shown['title'])}</b>, with {turned}. Run the notebook to turn these.</p>"
        f'<p><img alt="{escape(in_words(drawn))}" src="data:image/svg+xml;base64,{image}" '
        f'style="max-width:100%"></p><p>{escape(fates_sentence(shown))}.</p>{tables}'
    )


def fates_sentence(shown: Mapping[str, Any]) -> str:
    """How many messages there were, and what became of them."""
    fates = ", ".join(f"{count:,} {name}" for name, count in shown["fates"][1:])
    return f"{shown['messages']:,} messages" + (f": {fates}" if fates else "")


def fit_sentence(part: Mapping[str, Any]) -> str:
    """Which formula fits, how well, and why."""
    begin = "no formula fits." if part["fit"] == "none" else f"{part['model']}, {part['fit']}."
    return f"{begin} {part['why']}".strip()


def in_words(drawn: Drawing) -> str:
    """What the picture shows, for whoever can't see it."""
    about = drawn.about
    queues = "; ".join(f"{queue['name']} up to {queue['top']}" for queue in about["queues"])
    lanes = ", ".join(f"{lane['name']} {lane['busy']:.0%}" for lane in about["lanes"])
    faults = ", ".join(f"{name} at {start:g} s" for start, _, name in about["faults"][:5])
    length = about["end"] - about["start"]
    said = f"Messages ready over {length:g} s: {queues}. Busy: {lanes or 'no workers'}."
    return f"{said} Faults: {faults}." if faults else said


def _table(part: Mapping[str, Any], numbers: Mapping[str, float | None]) -> str:
    rows = "".join(
        f"<tr><td>{escape(row['label'])}</td>"
        f"<td>{_said(numbers.get(part['queue'] + '/' + row['quantity']), row['unit'])}</td>"
        f"<td>{_said(row['theory'], row['unit'])}</td></tr>"
        for row in part["rows"]
    )
    name = f"Queue {part['queue']}" if part["queue"] else "The whole"
    return (
        f"<p><b>{escape(name)}</b>: {escape(fit_sentence(part))}</p><table>"
        f"<thead><tr><th></th><th>simulated</th><th>theory</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    shown = number(float(value) * (100 if unit == "%" else 1))
    return f"{shown} {unit}".strip()


def svg(drawn: Drawing) -> str:
    """The picture as SVG on light paper: the depth of each queue above, a lane for each worker below."""
    about = drawn.about
    start, length = about["start"], about["end"] - about["start"]
    lanes = about["lanes"]
    top = _TOP + _DEPTH + 26
    height = top + _LANE * len(lanes) + 56
    span = _WIDTH - _LEFT - _RIGHT

    def x(seconds: float) -> float:
        return float(_LEFT + seconds / length * span)

    parts = [_text(0, 12, "messages ready", weight=600), _text(0, top - 8, "workers", weight=600)]
    for begin, end, _ in about["faults"]:
        width = max(x(end - start) - x(begin - start), 1)
        parts.append(_box(x(begin - start), _TOP, width, top + _LANE * len(lanes) - _TOP, VERMILLION, 0.13))
    parts += _depth(drawn, span)
    named = about["faults"][:3]
    parts += [_text(x(at - start) + 4, _TOP + 11 + 13 * k, name) for k, (at, _, name) in enumerate(named)]
    for place, lane in enumerate(lanes):
        parts += _lane(drawn, lane, top + place * _LANE, span, length)
    rows = {lane["name"]: top + place * _LANE + 15 for place, lane in enumerate(lanes)}
    parts += [
        _text(x(t - start), rows[name], "✕", fill=VERMILLION, anchor="middle", weight=800)
        for t, name in about["crashes"]
    ]
    bottom = top + _LANE * len(lanes) + 14
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_text(x(share * length), bottom, f"{start + share * length:.4g}", anchor="middle"))
    parts.append(_text(_WIDTH - _RIGHT, bottom + 15, "time (s)", anchor="end"))
    parts += _key(drawn, bottom + 32)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, DejaVu Sans, sans-serif" font-size="12">'
        f'<defs>{_HATCHES}</defs><rect width="100%" height="100%" fill="{LIGHT.paper}"/>'
        f"{''.join(parts)}</svg>"
    )


def _depth(drawn: Drawing, span: float) -> list[str]:
    queues = drawn.about["queues"]
    most = top = max([1, *(queue["top"] for queue in queues)])
    if drawn.about["faults"]:
        most = top * 1.2  # room for their names
    floor = _TOP + _DEPTH
    parts = [
        _text(_LEFT - 6, floor, "0", anchor="end"),
        _text(_LEFT - 6, floor - top / most * _DEPTH + 5, str(top), anchor="end"),
        f'<path d="M{_LEFT} {floor}h{span}" stroke="{LIGHT.faint}"/>',
    ]
    ends = []
    for place, queue in enumerate(queues):
        least, greatest = drawn.row(queue["least"]), drawn.row(queue["greatest"])
        edges = np.linspace(0, len(least), _COLUMNS + 1).astype(int)[:-1]
        low, high = np.minimum.reduceat(least, edges), np.maximum.reduceat(greatest, edges)
        hue, step = HUES[place % len(HUES)], span / _COLUMNS
        there = _steps(floor - high / most * _DEPTH - 0.8, step)
        back = _steps((floor - low / most * _DEPTH + 0.8)[::-1], -step)
        parts.append(f'<path d="M{_LEFT} {floor}{there}{back}z" fill="{hue}"/>')
        ends.append((floor - float(high[-1]) / most * _DEPTH, queue["name"], hue))
    below = float("inf")
    for y, name, hue in sorted(ends, reverse=True):
        below = min(y, below - 14)
        parts.append(_box(_WIDTH - _RIGHT + 4, below - 1, 8, 3, hue))
        parts.append(_text(_WIDTH - _RIGHT + 16, below + 4, name, weight=600))
    return parts


def _steps(down: NDArray[Any], step: float) -> str:
    return "".join(f"V{y:.1f}h{step:.3f}" for y in down.tolist())


def _lane(drawn: Drawing, lane: Mapping[str, Any], y: float, span: float, length: float) -> list[str]:
    parts = [_text(_LEFT - 6, y + 14, lane["name"], anchor="end")]
    down = drawn.row(lane["down"]).reshape(-1, 2) / length * span
    parts += [_box(_LEFT + first, y, last - first, _LANE, LIGHT.down) for first, last in down.tolist()]
    if "share" in lane:
        share = drawn.row(lane["share"])
        step = span / len(share)
        path = "".join(f"V{y + 17 - 14 * s:.1f}h{step:.3f}" for s in share.tolist())
        parts.append(f'<path d="M{_LEFT} {y + 17}{path}V{y + 17}z" fill="{LOOKS["done"].face}"/>')
        return parts
    bars = drawn.row(lane["bars"]).reshape(-1, 3)
    for code, ending in enumerate(ENDINGS):
        mine = bars[bars[:, 2] == code, :2] / length * span
        if len(mine):
            wide = np.maximum(mine[:, 1] - mine[:, 0] - 1, 0.5).tolist()
            boxes = "".join(
                f"M{_LEFT + first:.1f} {y + 3}h{each:.1f}v14h-{each:.1f}z"
                for first, each in zip(mine[:, 0].tolist(), wide, strict=True)
            )
            parts.append(f'<path d="{boxes}" fill="{LOOKS[ending].face}"/>')
            if ending != "done":
                parts.append(f'<path d="{boxes}" fill="url(#{ending.replace(" ", "-")})"/>')
    return parts


def _key(drawn: Drawing, y: float) -> list[str]:
    """What the hues of the lanes mean, of those that are there."""
    about = drawn.about
    if about["window"] is not None:
        return [_text(0, y, f"A lane's height: the share of each {about['window']:.3g} s spent working.")]
    seen = {int(code) for lane in about["lanes"] for code in drawn.row(lane["bars"])[2::3]}
    parts, x = [], 0.0
    for code in sorted(seen):
        look, ending = LOOKS[ENDINGS[code]], ENDINGS[code].replace(" ", "-")
        parts.append(_box(x, y - 9, 16, 10, look.face))
        if ending != "done":
            parts.append(_box(x, y - 9, 16, 10, f"url(#{ending})"))
        parts.append(_text(x + 21, y, look.label))
        x += 40 + 6.4 * len(look.label)
    return parts


def _box(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
        f'fill-opacity="{opacity}"/>'
    )


def _text(
    x: float, y: float, words: str, *, fill: str = LIGHT.ink, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )
