from __future__ import annotations

from itertools import combinations

import pytest

import mqsim as mq
from mqsim.errors import UsageError
from mqsim.viz import data, describe, plot_topology
from mqsim.viz.boxes import plan
from mqsim.viz.layers import lay_out
from mqsim.viz.wiring import wire

SHOP = mq.Scenario(
    duration=20,
    broker={
        "queues": {
            "orders": {
                "type": "quorum",
                "dead_letter": {"exchange": "graveyard", "key": "o"},
                "delivery_limit": 3,
            },
            "audit": {"max_length": 100, "overflow": "reject-publish"},
            "eu": {},
            "dead": {},
            "stray": {},
        },
        "exchanges": {
            "shop": {"type": "topic", "alternate": "strays"},
            "regions": {"type": "headers"},
            "graveyard": {},
            "strays": {"type": "fanout"},
        },
        "bindings": [
            {"exchange": "shop", "queue": "orders", "key": "order.*"},
            {"exchange": "shop", "queue": "orders", "key": "refund.#"},
            {"exchange": "shop", "queue": "audit", "key": "#"},
            {"exchange": "shop", "to_exchange": "regions", "key": "order.eu"},
            {"exchange": "regions", "queue": "eu", "arguments": {"land": "fr", "x-match": "any"}},
            {"exchange": "graveyard", "queue": "dead", "key": "o"},
            {"exchange": "strays", "queue": "stray"},
        ],
    },
    producers={
        "web": {
            "count": 3,
            "to": {"exchange": "shop", "key": {"cycle": ["order.eu", "order.us"]}},
            "arrivals": {"every": 1},
        },
        "batch": {
            "to": [{"weight": 3, "queue": "audit"}, {"weight": 1, "queue": "eu"}],
            "arrivals": {"every": 2},
        },
    },
    consumers={
        "clerk": {"count": 2, "queue": "orders", "publish": [{"to": "audit", "probability": 0.5}]},
        "auditor": {"queue": "audit", "ack": "auto", "service": 0.1},
    },
)


def test_every_way_of_the_scenario_is_in_the_table() -> None:
    table = data(plot_topology(SHOP))
    ways = set(table.itertuples(index=False, name=None))
    assert ways == {
        ("producer web", "topic exchange shop", "flow", "order.eu, order.us (in turn)"),
        ("producer batch", "classic queue audit", "flow", "0.75 of them"),
        ("producer batch", "classic queue eu", "flow", "0.25 of them"),
        ("topic exchange shop", "quorum queue orders", "binding", "order.*; refund.#"),
        ("topic exchange shop", "classic queue audit", "binding", "#"),
        ("topic exchange shop", "headers exchange regions", "binding", "order.eu"),
        ("headers exchange regions", "classic queue eu", "binding", "land=fr"),
        ("direct exchange graveyard", "classic queue dead", "binding", "o"),
        ("fanout exchange strays", "classic queue stray", "binding", ""),
        ("topic exchange shop", "fanout exchange strays", "alternate", "if nowhere else"),
        ("quorum queue orders", "direct exchange graveyard", "dead letters", "dead letters: o"),
        ("quorum queue orders", "consumer clerk", "flow", ""),
        ("consumer clerk", "classic queue audit", "flow", "0.5 of them"),
        ("classic queue audit", "consumer auditor", "flow", ""),
    }


def test_boxes_carry_types_and_arguments() -> None:
    words = {text.get_text() for text in plot_topology(SHOP).texts}
    assert {
        "topic exchange",
        "quorum queue",
        "× 3",
        "delivery limit 3",
        "at most 100 (reject-publish)",
    } <= words
    assert {"order.*\nrefund.#", "order.eu, order.us\n(in turn)"} & words
    assert "consumer auditor (automatic ack)" in describe(plot_topology(SHOP))


def test_a_run_adds_how_many_came() -> None:
    run = mq.simulate("pub-sub")
    counted = run.messages["queue"].value_counts()
    words = [text.get_text() for text in run.plot_topology().texts]
    assert words.count(f"{counted['mail']} came") == 2
    assert counted["mail"] == counted["count"] == 10


def test_a_run_alone_tells_who_used_what() -> None:
    run = mq.simulate("worker-crash")
    ways = set(
        data(plot_topology(None, run.trace))[["from", "to", "what"]].itertuples(index=False, name=None)
    )
    assert ways == {("producer sender", "queue tasks", "seen"), ("queue tasks", "consumer worker", "seen")}


@pytest.mark.parametrize("name", [*mq.presets(), "shop"])
def test_boxes_do_not_overlap_and_ways_go_to_the_right(name: str) -> None:
    scenario = SHOP if name == "shop" else mq.load(name)
    made = plan(wire(scenario))
    boxes = {key: (*made.middle(key), *made.size[key]) for key in made.wiring.nodes}
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(boxes.values(), 2):
        assert abs(x1 - x2) >= (w1 + w2) / 2 or abs(y1 - y2) >= (h1 + h2) / 2
    for x, y, width, height in boxes.values():
        assert x - width / 2 >= 0
        assert x + width / 2 <= made.width
        assert -made.height <= y - height / 2
        assert y + height / 2 <= 0
    for edge in made.wiring.edges:
        if edge.kind in ("binding", "flow") and edge.source[0] != "consumer":
            assert boxes[edge.source][0] < boxes[edge.target][0]


@pytest.mark.parametrize("name", [*mq.presets(), "shop"])
def test_words_stay_in_the_figure_and_apart(name: str) -> None:
    ax = plot_topology(SHOP if name == "shop" else mq.load(name))
    ax.figure.canvas.draw()
    paper = ax.figure.bbox
    boxes = [text.get_window_extent() for text in ax.texts]
    for box in boxes:
        assert paper.x0 <= box.x0
        assert box.x1 <= paper.x1
        assert paper.y0 <= box.y0
        assert box.y1 <= paper.y1
    meetings = [
        (one.get_text(), other.get_text())
        for (one, a), (other, b) in combinations(zip(ax.texts, boxes, strict=True), 2)
        if a.shrunk(0.9, 0.7).overlaps(b.shrunk(0.9, 0.7))
    ]
    assert not meetings


def test_a_long_way_passes_between_the_boxes() -> None:
    """a leads to d past b and c: its waypoints lie beside theirs, not on them."""
    made = lay_out(
        {"a": 0, "b": 1, "c": 2, "d": 3},
        [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")],
        dict.fromkeys("abcd", 1.0),
        0.5,
    )
    stations = made.path["a", "d"]
    assert len(stations) == 4
    for point, box in zip(stations[1:3], ("b", "c"), strict=True):
        assert abs(made.y[point] - made.y[box]) >= 0.5


def test_crossings_are_taken_out() -> None:
    """Four to four, each to its mirror: in the order given all cross, turned round none do."""
    nodes = {**{f"l{k}": 0 for k in range(4)}, **{f"r{k}": 1 for k in range(4)}}
    made = lay_out(nodes, [(f"l{k}", f"r{3 - k}") for k in range(4)], dict.fromkeys(nodes, 1.0), 0.2)
    left, right = made.order
    assert [f"r{3 - int(str(name)[1])}" for name in left] == right


def test_a_circle_has_a_layout() -> None:
    made = lay_out({"a": 0, "b": 1}, [("a", "b"), ("b", "a")], {"a": 1.0, "b": 1.0}, 0.2)
    assert made.column == {"a": 0, "b": 1}


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(UsageError, match="no topology"):
        plot_topology(None)
    queues: dict[str, object] = {f"q{k}": {} for k in range(61)}
    with pytest.raises(UsageError, match="61 boxes"):
        plot_topology(mq.Scenario(duration=1, broker={"queues": queues}))
