"""The command line of plans: exit statuses, what is printed, JSON, files, and the twenty questions."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mqsim.cli.main import main
from mqsim.planning.questions import find, questions
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZE = ("plan", "size", "--rate", "250/s", "--work", "40ms")


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def mqsim(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command line, in this process."""

    def run(*arguments: str) -> Done:
        status = main(arguments)
        said = capsys.readouterr()
        return Done(status, said.out, said.err)

    return run


def test_met_is_told_with_what_is_below_and_how_to_ask_again(mqsim: Callable[..., Done]) -> None:
    done = mqsim(*SIZE, "--workers", "1..40", "--target", "p99 < 200ms")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "12 workers are enough: the p99 of the sojourn in queue tasks is 199 ms (target < 200 ms), exactly, "
        "by M/M/12. With 11 workers it is 251 ms, which misses the target by 50.7 ms (25.4 %).",
        "  Unstable, so never tried: 1 to 10 workers.",
        "  Theory alone decided: in the steady state, nothing was simulated (--simulate would).",
        "  Assumed: messages come at random (Poisson); the work is exponential (--law or --cv change that).",
        "  The network (network.latency), publishing (broker.costs.publish), delivering "
        "(broker.costs.deliver) and writing to disk (broker.costs.sync) take no time in this scenario.",
        "  Again: mqsim plan size --rate 250/s --work 40ms --workers 1..40 --target 'p99 < 200ms'",
        "  In Python: mq.planning.size(rate='250/s', work='40ms', workers='1..40', target='p99 < 200ms')",
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--workers", "1..9", "--target", "p99 < 1s"), 1, "the queue is unstable"),
        (("--workers", "1..40", "--target", "p99 < 100ms"), 1, "the work alone has a p99 of 184 ms"),
        (("--workers", "11", "--target", "p99 < 1s"), 2, "say what may change"),
        (("--workers", "1..40", "--target", "p99 < 1 parsec"), 2, "write a time such as"),
        (("--workers", "1..40", "--target", "q99 < 1s"), 2, "Did you mean p99"),
        (
            ("--workers", "1..40", "--target", "p99 < 500"),
            0,
            "The target p99 < 500 has no unit, so it is in sec",
        ),
        (("--workers", "1..40", "--target", "p99 < -5ms"), 2, "-5ms is below 0"),
        (
            ("--workers", "1..40", "--target", "p99 < 1s", "--target", "p99 > 2s"),
            2,
            "targets 'p99 > 2s' and 'p99 < 1s' contradict each other",
        ),
        (
            ("--workers", "1..40", "--target", "orders.p99 < 1s"),
            2,
            "no queue 'orders'; the queues are tasks.",
        ),
        (("--workers", "1..40", "--target", "p101 < 1s"), 2, "a percentile is from p0 to below p100"),
        (("--workers", "1..40", "--target", "tasks.wait.p100 < 1s"), 2, "a percentile is from p0"),
        (
            ("--workers", "1..40", "--target", "p99 < 1s", "--table", "/nonexistent/x.csv"),
            2,
            "--table /nonexistent/x.csv: there is no folder /nonexistent",
        ),
        (("--workers", "1..40"), 2, "say what must hold"),
        (("--workers", "1..40", "--target", "p99 < 1s", "--budget", "much"), 2, "write a number such as"),
        (
            ("--workers", "11..12", "--target", "p99 < 199ms", "--simulate", "--budget", "2k"),
            3,
            "can't be told",
        ),
    ],
)
def test_exit_statuses(
    arguments: tuple[str, ...], status: int, says: str, mqsim: Callable[..., Done]
) -> None:
    done = mqsim(*SIZE, *arguments)
    assert done.status == status
    assert says in (done.err if status == 2 else done.out)
    if status == 2:
        assert done.out == ""
        assert done.err.startswith("mqsim: ")
        assert done.err.count("\n") == 1


def test_json_is_one_object_with_the_contracts_keys(mqsim: Callable[..., Done]) -> None:
    done = mqsim(*SIZE, "--workers", "1..40", "--target", "p99 < 200ms", "--json")
    data = json.loads(done.out)
    assert {"value", "met", "targets", "below", "theory", "sentence", "repeat"} <= data.keys()
    assert data["targets"][0].keys() >= {"target", "value", "low", "high", "met"}
    assert (data["value"], data["below"]["value"]) == (12, 11)


def test_a_scenario_file_and_saved_figure_and_table(tmp_path: Path, mqsim: Callable[..., Done]) -> None:
    (tmp_path / "shop.yaml").write_text(
        "duration: 100\nbroker: {queues: {orders: {}}}\n"
        "producers: {web: {to: orders, arrivals: {poisson: {rate: 8}}, work: {exponential: {mean: 0.3}}}}\n"
        "consumers: {packer: {queue: orders}}\n"
    )
    table, figure = tmp_path / "t.csv", tmp_path / "f.png"
    done = mqsim(
        "plan", "size", str(tmp_path / "shop.yaml"), "--vary", "consumers.packer.count=1..40",
        "--target", "orders.sojourn.p99 < 2s", "--target", "lost == 0",
        "--table", str(table), "--figure", str(figure),
    )  # fmt: skip
    assert done.status == 0, done.err
    # M/M/4 at 8 a second and 0.3 s has a p99 of 1.49 s; one worker fewer, of 2.54 s.
    assert done.out.startswith(
        "4 packers are enough: the p99 of the sojourn in queue orders is 1.49 s (target < 2 s)"
    )
    assert table.read_text().startswith("consumers.packer.count,")
    assert figure.read_bytes().startswith(b"\x89PNG")
    wrong = mqsim("plan", "sweep", *SIZE[2:], "--workers", "11..12", "--figure", "f.bmp")
    assert (wrong.status, "ends in .png" in wrong.err) == (2, True)


def test_a_report_has_the_answer_the_figure_and_the_way_to_repeat_it(
    tmp_path: Path, mqsim: Callable[..., Done]
) -> None:
    path = tmp_path / "plan.html"
    done = mqsim(*SIZE, "--workers", "1..14", "--target", "p99 < 200ms", "--report", str(path))
    assert done.status == 0, done.err
    text = path.read_text(encoding="utf-8")
    for said in (
        "12 workers are enough",
        "<img",
        "STRESS-DES",
        "mqsim plan size --rate 250/s",
        "take no time",
        'class="dark"',
        'name="viewport"',
        "Nothing fails: no crash",
        "poisson: {rate: 250}",
        "from seed 0",
        "99 % interval",
    ):
        assert said in text, said
    heads = re.findall("<h2>(.*?)</h2>", text)
    assert heads == [
        "How sure it is", "Assumptions, and how it was found", "Figure", "Numbers", "Not modelled",
        "Checklist (STRESS-DES)", "Ask again", "Scenario",
    ]  # fmt: skip
    # The six parts of STRESS-DES, each with something under it.
    parts = re.findall(r"<tr><th>(\d)\. .*?</th><td>(.+?)</td></tr>", text)
    assert {number for number, _ in parts} == set("123456")
    assert "<script" not in text
    assert "http://" not in text
    assert (
        mqsim(*SIZE, "--workers", "1..14", "--target", "p99 < 1s", "--report", "no/such/a.html").status == 2
    )


def test_a_log_and_definitions_from_the_command_line(tmp_path: Path, mqsim: Callable[..., Done]) -> None:
    log = tmp_path / "a.csv"
    log.write_text("time,took\n" + "\n".join(f"{k / 10},0.05" for k in range(100)))
    done = mqsim("plan", "from-log", str(log), "--work", "took", "--out", str(tmp_path / "a.yaml"))
    assert done.status == 0, done.err
    assert "100 messages in 10 s, 10 a second on average" in done.out
    assert Scenario.from_yaml(tmp_path / "a.yaml").name == "a"
    log.write_text("")
    assert mqsim("plan", "from-log", str(log)).status == 2
    made = mqsim("plan", "to-definitions", "task-queue", "--out", str(tmp_path / "d.json"))
    assert made.status == 0, made.err
    back = mqsim("plan", "from-definitions", str(tmp_path / "d.json"), "--account")
    assert "used          queues tasks type classic" in back.out


def test_the_list_of_questions_finds_each_by_number_and_by_words(mqsim: Callable[..., Done]) -> None:
    done = mqsim("plan", "questions")
    assert len(done.out.splitlines()) == 21
    assert "mqsim plan drain" in mqsim("plan", "questions", "3").out
    assert [one.number for one in find("worker dies")] == [4]
    assert mqsim("plan", "questions", "flying", "saucers").status == 2


@pytest.mark.parametrize("question", questions(), ids=lambda one: one.asks)
def test_every_question_can_be_asked_as_it_stands(question, mqsim: Callable[..., Done]) -> None:
    done = mqsim(*shlex.split(question.command), "--budget", "20k", "--jobs", "1", "--json")
    assert done.status in (0, 1, 3), done.err
    assert json.loads(done.out)["sentence"].endswith(".")


def test_a_mistake_is_told_where_it_was_made(mqsim: Callable[..., Done], tmp_path: Path) -> None:
    dead = mqsim(
        "plan", "what-if", "--rate", "9/s", "--work", "1ms", "--workers", "3", "--kill", "worker-9@10:5"
    )
    assert dead.status == 2
    assert dead.err.startswith("mqsim: --kill worker-9@10:5: 'worker-9' is not allowed; it must be one of")
    assert "Did you mean" not in dead.err
    file = tmp_path / "shop.yaml"
    file.write_text("duration: 9\nbroker: {queues: {q: {siez: 3}}}\n", encoding="utf-8")
    wrong = mqsim("plan", "size", str(file), "--vary", "consumers.w.count=1..3", "--target", "p99 < 1s")
    assert wrong.status == 2
    assert f"{file}: broker.queues.q.siez: there is no field" in wrong.err
