"""Bad input gets a sentence with the path, the value and what is allowed."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import pytest

from mqsim.errors import MqsimError, ScenarioError
from mqsim.scenario import QueueSpec, Scenario, load
from tests.scenario.plain import small

RATE = "producers__web__arrivals"
RETRY = {"on": ["nack"]}

# what to change in the small scenario, the path in the error, words of its sentence
WRONG: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("unknown field", {"durration": 5}, "durration", ["no field 'durration'", "Did you mean 'duration'?"]),
    (
        "unknown field deep",
        {"consumers__worker__prefech": 1},
        "consumers.worker.prefech",
        ["Did you mean 'prefetch'?"],
    ),
    (
        "missing field",
        {"consumers__worker__queue": None},
        "consumers.worker.queue",
        ["missing", "name of the queue"],
    ),
    (
        "no mapping",
        {"consumers__worker": 3},
        "consumers.worker",
        ["3", "a mapping with the fields count, queue"],
    ),
    ("queue null", {"broker__queues": {"tasks": None}}, "broker.queues.tasks", ["Write {} for one"]),
    ("base", {"base": "x"}, "base", ["no field 'base'"]),
    ("negative rate", {RATE: {"poisson": {"rate": -3}}}, f"{RATE}.poisson.rate", ["-3", "above 0"]),
    ("rate NaN", {RATE: {"poisson": {"rate": math.nan}}}, f"{RATE}.poisson.rate", ["nan", "above 0"]),
    ("rate inf", {RATE: {"poisson": {"rate": math.inf}}}, f"{RATE}.poisson.rate", ["inf", "above 0"]),
    ("rate huge", {RATE: {"poisson": {"rate": 10**400}}}, f"{RATE}.poisson.rate", ["above 0"]),
    ("rate bool", {RATE: {"poisson": {"rate": True}}}, f"{RATE}.poisson.rate", ["True", "a number"]),
    (
        "rate text",
        {RATE: {"poisson": {"rate": "5"}}},
        f"{RATE}.poisson.rate",
        ["'5'", "Leave out the quotes"],
    ),
    ("rate missing", {RATE: {"poisson": {}}}, f"{RATE}.poisson.rate", ["missing", "messages per second"]),
    (
        "arrivals unknown",
        {RATE: {"poison": {"rate": 3}}},
        RATE,
        ["exactly one of", "Did you mean 'poisson'?"],
    ),
    ("arrivals two", {RATE: {"poisson": {"rate": 3}, "every": 1}}, RATE, ["exactly one of poisson, every"]),
    ("arrivals number", {RATE: 5}, RATE, ["5", "{poisson: {rate: 10}}"]),
    ("every zero", {RATE: {"every": 0}}, f"{RATE}.every", ["0", "seconds above 0"]),
    ("renewal zero", {RATE: {"renewal": 0}}, f"{RATE}.renewal", ["mean above 0"]),
    ("at out of order", {RATE: {"at": [0, 2, 1]}}, f"{RATE}.at.2", ["1.0", "at least 2", "Sort"]),
    ("at empty", {RATE: {"at": []}}, f"{RATE}.at", ["at least 1"]),
    ("at negative", {RATE: {"at": [-1]}}, f"{RATE}.at.0", ["-1", "0 or more"]),
    ("mmpp one state", {RATE: {"mmpp": {"rates": [1], "switch": [1]}}}, f"{RATE}.mmpp.rates", ["at least 2"]),
    ("mmpp silent", {RATE: {"mmpp": {"rates": [0, 0], "switch": [1, 1]}}}, f"{RATE}.mmpp.rates", ["above 0"]),
    (
        "mmpp switch length",
        {RATE: {"mmpp": {"rates": [1, 2], "switch": [1]}}},
        f"{RATE}.mmpp.switch",
        ["a list of 2"],
    ),
    (
        "mmpp switch negative",
        {RATE: {"mmpp": {"rates": [1, 2], "switch": [1, -1]}}},
        f"{RATE}.mmpp.switch.1",
        ["-1"],
    ),
    (
        "mmpp ragged",
        {RATE: {"mmpp": {"rates": [1, 2], "switch": [[0, 1], [1]]}}},
        f"{RATE}.mmpp.switch.1",
        ["a row of 2"],
    ),
    (
        "mmpp diagonal",
        {RATE: {"mmpp": {"rates": [1, 2], "switch": [[0, 1], [1, 3]]}}},
        f"{RATE}.mmpp.switch.1.1",
        ["left for itself"],
    ),
    (
        "mmpp start",
        {RATE: {"mmpp": {"rates": [1, 2], "switch": [1, 1], "start": 2}}},
        f"{RATE}.mmpp.start",
        ["from 0 to 1"],
    ),
    ("batches", {RATE: {"batches": {"every": 1, "size": 0}}}, f"{RATE}.batches.size", ["mean above 0"]),
    (
        "profile order",
        {RATE: {"profile": {"points": [[5, 1], [5, 2]]}}},
        f"{RATE}.profile.points.1.0",
        ["later than 5"],
    ),
    (
        "profile pair",
        {RATE: {"profile": {"points": [[5, 1, 2]]}}},
        f"{RATE}.profile.points.0",
        ["a pair [seconds"],
    ),
    (
        "profile rate",
        {RATE: {"profile": {"points": [[5, -1]]}}},
        f"{RATE}.profile.points.0.1",
        ["-1", "0 or more"],
    ),
    ("profile silent", {RATE: {"profile": {"points": [[5, 0]]}}}, f"{RATE}.profile.points", ["above 0"]),
    (
        "profile shape",
        {RATE: {"profile": {"points": [[5, 1]], "shape": "linar"}}},
        f"{RATE}.profile.shape",
        ["Did you mean 'linear'?"],
    ),
    (
        "closed",
        {RATE: {"closed": {"users": 1.5, "think": 1}}},
        f"{RATE}.closed.users",
        ["1.5", "whole number"],
    ),
    (
        "trace",
        {RATE: {"trace": {"file": "no.csv", "column": "t"}}},
        f"{RATE}.trace.file",
        ["'no.csv'", "existing"],
    ),
    (
        "law unknown",
        {"producers__web__work": {"exponetial": {"mean": 1}}},
        "producers.web.work",
        ["'exponential'?"],
    ),
    (
        "law negative",
        {"producers__web__work": {"exponential": {"mean": -1}}},
        "producers.web.work.exponential.mean",
        ["-1"],
    ),
    (
        "law field",
        {"producers__web__work": {"exponential": {"meen": 1}}},
        "producers.web.work.exponential.meen",
        ["Did you mean 'mean'?"],
    ),
    (
        "law missing",
        {"producers__web__work": {"exponential": {}}},
        "producers.web.work.exponential.mean",
        ["this field is missing"],
    ),
    ("law bool", {"producers__web__work": True}, "producers.web.work", ["True"]),
    ("law NaN", {"producers__web__work": math.nan}, "producers.web.work", ["nan"]),
    (
        "to unknown",
        {"producers__web__to": "taks"},
        "producers.web.to",
        ["'taks'", "Did you mean 'tasks'?", "lost"],
    ),
    ("to number", {"producers__web__to": 5}, "producers.web.to", ["5", "a queue's name"]),
    ("to empty", {"producers__web__to": []}, "producers.web.to", ["leave the producer out"]),
    (
        "to weight",
        {"producers__web__to": {"weight": 2, "queue": "tasks"}},
        "producers.web.to.weight",
        ["no weight"],
    ),
    (
        "to both",
        {"producers__web__to": {"queue": "tasks", "key": "a"}},
        "producers.web.to",
        ["either a queue"],
    ),
    ("to typo", {"producers__web__to": {"qeue": "tasks"}}, "producers.web.to", ["Did you mean 'queue'?"]),
    (
        "to exchange",
        {"producers__web__to": {"exchange": "evens"}},
        "producers.web.to.exchange",
        ["'events'?"],
    ),
    (
        "to list",
        {"producers__web__to": [{"weight": 1, "queue": "tasks"}, {"weight": -1, "queue": "dead"}]},
        "producers.web.to.1.weight",
        ["-1", "above 0"],
    ),
    (
        "to list unknown",
        {"producers__web__to": [{"weight": 1, "queue": "tasks"}, {"weight": 1, "queue": "deed"}]},
        "producers.web.to.1",
        ["Did you mean 'dead'?"],
    ),
    (
        "key",
        {"producers__web__to": {"exchange": "events", "key": {"cycl": ["a"]}}},
        "producers.web.to.key",
        ["Did you mean 'cycle'?"],
    ),
    (
        "key hash",
        {"producers__web__to": {"exchange": "events", "key": {"hash": 0}}},
        "producers.web.to.key.n",
        ["1 or more"],
    ),
    (
        "queue unknown",
        {"consumers__worker__queue": "tusks"},
        "consumers.worker.queue",
        ["Did you mean 'tasks'?"],
    ),
    (
        "forward unknown",
        {"consumers__worker__publish": [{"to": "nex"}]},
        "consumers.worker.publish.0.to",
        ["a queue of broker.queues (tasks or dead)"],
    ),
    (
        "binding queue",
        {"broker__bindings": [{"exchange": "events", "queue": "q"}]},
        "broker.bindings.0.queue",
        ["'q'"],
    ),
    (
        "binding exchange",
        {"broker__bindings": [{"exchange": "event", "queue": "tasks"}]},
        "broker.bindings.0.exchange",
        ["Did you mean 'events'?"],
    ),
    (
        "binding ends",
        {"broker__bindings": [{"exchange": "events"}]},
        "broker.bindings.0",
        ["exactly one of queue"],
    ),
    (
        "dead letter key",
        {"broker__queues__tasks": {"dead_letter": {"exchange": "", "key": "deaf"}}},
        "broker.queues.tasks.dead_letter.key",
        ["Did you mean 'dead'?"],
    ),
    (
        "dead letter exchange",
        {"broker__queues__tasks": {"dead_letter": {"exchange": "dlx"}}},
        "broker.queues.tasks.dead_letter.exchange",
        ["'dlx'", "events"],
    ),
    (
        "alternate",
        {"broker__exchanges__events": {"alternate": "evants"}},
        "broker.exchanges.events.alternate",
        ["'events'?"],
    ),
    (
        "delivery limit",
        {"broker__queues__tasks": {"delivery_limit": 3}},
        "broker.queues.tasks.delivery_limit",
        ["3", "classic", "type: quorum"],
    ),
    (
        "quorum priority",
        {"broker__queues__tasks": {"type": "quorum", "max_priority": 3}},
        "broker.queues.tasks.max_priority",
        ["quorum"],
    ),
    (
        "quorum transient",
        {"broker__queues__tasks": {"type": "quorum", "durable": False}},
        "broker.queues.tasks.durable",
        ["False", "true on a quorum queue"],
    ),
    (
        "quorum overflow",
        {"broker__queues__tasks": {"type": "quorum", "overflow": "reject-publish-dlx"}},
        "broker.queues.tasks.overflow",
        ["drop-head or reject-publish"],
    ),
    ("queue type", {"broker__queues__tasks": {"type": "quorm"}}, "broker.queues.tasks.type", ["'quorum'?"]),
    ("amq queue", {"broker__queues": {"amq.x": {}, "tasks": {}}}, "broker.queues.amq.x", ["RabbitMQ keeps"]),
    ("leader", {"broker__queues__tasks": {"leader": "broker-2"}}, "broker.queues.tasks.leader", ["broker-1"]),
    ("nodes even", {"broker__nodes": 2}, "broker.nodes", ["2", "an odd number"]),
    ("nodes zero", {"broker__nodes": 0}, "broker.nodes", ["0", "an odd number"]),
    ("profile float", {"broker__profile": 3.1}, "broker.profile", ["3.1", '"3.10"', "quotes"]),
    ("profile unknown", {"broker__profile": "4.1"}, "broker.profile", ["'4.1'", "3.10, 4.0 or 4.3"]),
    ("prefetch negative", {"consumers__worker__prefetch": -1}, "consumers.worker.prefetch", ["-1", "65535"]),
    (
        "prefetch large",
        {"consumers__worker__prefetch": 65536},
        "consumers.worker.prefetch",
        ["65536", "65535"],
    ),
    (
        "speed length",
        {"consumers__worker__speed": [1, 1, 1]},
        "consumers.worker.speed",
        ["a list of 2", "stand 3"],
    ),
    ("speed zero", {"consumers__worker__speed": [1, 0]}, "consumers.worker.speed.1", ["0", "above 0"]),
    ("ack", {"consumers__worker__ack": "manuel"}, "consumers.worker.ack", ["Did you mean 'manual'?"]),
    (
        "factor",
        {"consumers__worker__factor": [[3, 1], [2, 1]]},
        "consumers.worker.factor.1.0",
        ["later than 3"],
    ),
    (
        "fails share",
        {"consumers__worker__fails": {"after": 2}},
        "consumers.worker.fails.after",
        ["from 0 to 1"],
    ),
    (
        "fails restart",
        {"consumers__worker__fails": {"then": "nack", "restart_after": 3}},
        "consumers.worker.fails.restart_after",
        ["kills nobody"],
    ),
    (
        "nack after auto",
        {"consumers__worker__fails": {"then": "nack"}, "consumers__worker__ack": "auto"},
        "consumers.worker.fails.then",
        ["ack: auto"],
    ),
    (
        "stop",
        {"consumers__worker__stop": 5, "consumers__worker__start": 6},
        "consumers.worker.stop",
        ["later than"],
    ),
    ("producer stop", {"producers__web__stop": 0}, "producers.web.stop", ["later than start (0)"]),
    (
        "autoscale range",
        {"consumers__worker__autoscale": {"every": 1, "backlog_per": 5, "min": 3, "max": 2}},
        "consumers.worker.autoscale.max",
        ["at least 3"],
    ),
    (
        "autoscale count",
        {"consumers__worker__autoscale": {"every": 1, "backlog_per": 5, "min": 3, "max": 9}},
        "consumers.worker.count",
        ["from 3 to 9"],
    ),
    ("priority", {"producers__web__priority": 256}, "producers.web.priority", ["256", "0 to 255"]),
    ("priority weights", {"producers__web__priority": {300: 1}}, "producers.web.priority.300", ["0 to 255"]),
    ("priority nothing", {"producers__web__priority": {1: 0}}, "producers.web.priority", ["above 0"]),
    ("poison", {"producers__web__poison": 1.5}, "producers.web.poison", ["1.5", "from 0 to 1"]),
    ("messages", {"producers__web__messages": 0}, "producers.web.messages", ["1 or more"]),
    ("count", {"producers__web__count": 10**9}, "producers.web.count", ["100000"]),
    ("retry alone", {"producers__web__retry": RETRY}, "producers.web.retry.on", ["confirms: {}"]),
    (
        "retry timeout",
        {"producers__web__retry": {"on": ["timeout"]}, "producers__web__confirms": {"timeout": None}},
        "producers.web.retry.on.0",
        ["confirms.timeout is null"],
    ),
    (
        "retry returned",
        {"producers__web__retry": {"on": ["returned"]}},
        "producers.web.retry.on.0",
        ["mandatory: true"],
    ),
    (
        "retry cause",
        {"producers__web__retry": {"on": ["nak"]}, "producers__web__confirms": {}},
        "producers.web.retry.on.0",
        ["'nack'?"],
    ),
    ("no end", {"duration": None}, "scenario", ["has no end", "exactly one of duration"]),
    ("two ends", {"until": {"empty": "tasks"}}, "scenario", ["both a duration and until"]),
    ("duration", {"duration": 0}, "duration", ["0", "above 0"]),
    ("max duration", {"max_duration": 5}, "max_duration", ["left out beside duration"]),
    ("warmup", {"warmup": 60}, "warmup", ["60", "shorter than the run (60 s)"]),
    ("warmup text", {"warmup": "atuo"}, "warmup", ["or auto"]),
    ("until text", {"duration": None, "until": "draind"}, "until", ["'draind'", "{empty: QUEUE}"]),
    ("until queue", {"duration": None, "until": {"empty": "task"}}, "until.empty", ["Did you mean 'tasks'?"]),
    ("until field", {"duration": None, "until": {"emty": "tasks"}}, "until.emty", ["Did you mean 'empty'?"]),
    (
        "until nobody",
        {"duration": None, "until": {"empty": "dead"}},
        "until.empty",
        ["never gets empty", "consumer"],
    ),
    (
        "until endless",
        {"duration": None, "until": "drained"},
        "until",
        ["producers.web never", "messages: N"],
    ),
    (
        "until loop",
        {
            "duration": None,
            "until": "drained",
            "producers__web__messages": 3,
            "faults": [{"crash": "worker", "every": 5, "repair": 1}],
        },
        "until",
        ["faults.0 comes again and again", "at: SECONDS"],
    ),
    (
        "until nobody takes",
        {"duration": None, "until": "drained", "producers__web__messages": 3, "consumers": {}},
        "until",
        ["nobody takes messages from 'tasks'", "Add a consumer"],
    ),
    (
        "until ready",
        {"duration": None, "until": "drained", "producers": {}, "broker__queues__dead": {"ready": 3}},
        "until",
        ["nobody takes messages from 'dead'"],
    ),
    (
        "time stands still",
        {RATE: {"closed": {"users": 1, "think": 0}}},
        f"{RATE}.closed",
        ["time would stand still"],
    ),
    (
        "never saturated",
        {RATE: {"saturate": {"ready": 5}}, "producers__web__work": 1, "consumers__worker__prefetch": 0},
        f"{RATE}.saturate",
        ["never fills", "prefetch above 0"],
    ),
    ("name broker", {"consumers__broker": {"queue": "tasks"}}, "consumers.broker", ["the broker's name"]),
    (
        "name broker-1",
        {"consumers__broker-1": {"queue": "tasks"}},
        "consumers.broker-1",
        ["the broker's name"],
    ),
    ("name digits", {"consumers__1st": {"queue": "tasks"}}, "consumers.1st", ["a letter first"]),
    ("name space", {"consumers__a b": {"queue": "tasks"}}, "consumers.a b", ["letters, digits"]),
    (
        "name taken",
        {"consumers__web": {"queue": "tasks"}},
        "consumers.web",
        ["there is producers.web already"],
    ),
    ("name-k", {"consumers__worker-7": {"queue": "tasks"}}, "consumers.worker-7", ["the actors of worker"]),
    ("name a number", {"consumers": {5: {"queue": "tasks"}}}, "consumers.5", ["a name", "quotes"]),
    ("program", {"programs__me": {"file": "no.py"}}, "programs.me.file", ["'no.py'", "existing file"]),
    (
        "link end",
        {"network__links": [{"between": ["worker-3", "broker"]}]},
        "network.links.0.between.0",
        ["worker-2"],
    ),
    (
        "link ends",
        {"network__links": [{"between": ["worker-1"]}]},
        "network.links.0.between",
        ["two different ends"],
    ),
    (
        "link actors",
        {"network__links": [{"between": ["worker-1", "web-1"]}]},
        "network.links.0.between",
        ["a broker"],
    ),
    ("latency", {"network__latency": -1}, "network.latency", ["-1", "0 or more"]),
    ("memory", {"broker__memory": {"limit": -5}}, "broker.memory.limit", ["-5", "above 0"]),
    ("costs", {"broker__costs": {"sync": -5}}, "broker.costs.sync", ["-5"]),
]

# one fault, the path in the error, words of its sentence
WRONG_FAULTS: list[tuple[Any, str, list[str]]] = [
    (5, "faults.0", ["5", "{crash: worker-1, at: 30}"]),
    ({"crsh": "worker-1", "at": 3}, "faults.0", ["Did you mean 'crash'?"]),
    ({"crash": "worker-1", "kill": "broker", "at": 3}, "faults.0", ["each as an item of its own"]),
    ({"crash": "worker-3", "at": 3}, "faults.0.crash", ["'worker-3'", "worker-1 to worker-2"]),
    ({"crash": "worker-01", "at": 3}, "faults.0.crash", ["worker-1 to worker-2"]),
    ({"crash": "wroker-1", "at": 3}, "faults.0.crash", ["Did you mean 'worker-1'?"]),
    ({"crash": "wroker", "at": 3}, "faults.0.crash", ["Did you mean 'worker'?"]),
    ({"crash": "broker", "at": 3}, "faults.0.crash", ["kill: broker"]),
    ({"crash": ["worker-1"], "at": 3}, "faults.0.crash", ["a name"]),
    ({"crash": "worker-1"}, "faults.0", ["has no time", "at: TIME"]),
    ({"crash": "worker-1", "at": 3, "every": 5}, "faults.0", ["both at and every"]),
    ({"crash": "worker-1", "every": 5}, "faults.0.repair", ["missing"]),
    ({"crash": "worker-1", "every": 0, "repair": 1}, "faults.0.every", ["mean above 0"]),
    (
        {"crash": "worker-1", "every": 5, "repair": 1, "restart_after": 3},
        "faults.0.restart_after",
        ["repair"],
    ),
    ({"crash": "worker-1", "at": 3, "repair": 5}, "faults.0.repair", ["left out without every"]),
    ({"crash": "worker-1", "at": -3}, "faults.0.at", ["-3", "0 or more"]),
    (
        {"crash": "worker-1", "at": 3, "factor": 5},
        "faults.0.factor",
        ["'crash' has no field 'factor'", "restart_after"],
    ),
    (
        {"crash": "worker-1", "at": 3, "restrt_after": 5},
        "faults.0.restrt_after",
        ["Did you mean 'restart_after'?"],
    ),
    ({"slow": "worker-1", "at": 3}, "faults.0.factor", ["missing", "'slow' needs at and factor"]),
    ({"slow": "worker-1", "at": 3, "factor": 0}, "faults.0.factor", ["0", "above 0"]),
    ({"hang": "worker-1", "at": 3, "for": 0}, "faults.0.for", ["0", "above 0"]),
    ({"partition": "worker-1", "at": 3}, "faults.0.partition", ["two different ends"]),
    ({"partition": ["worker-1", "worker-2"], "at": 3}, "faults.0.partition", ["a broker at one end"]),
    ({"partition": ["worker-9", "broker"], "at": 3}, "faults.0.partition.0", ["'worker-9'"]),
    ({"restart": "broker-2", "at": 3}, "faults.0.restart", ["'broker-2'", "broker or broker-1"]),
    ({"restart": "brokr", "at": 3}, "faults.0.restart", ["Did you mean 'broker'?"]),
    ({"restart": "broker"}, "faults.0.at", ["missing"]),
    ({"kill": "worker-1", "at": 3, "down": 5}, "faults.0.down", ["restart_after"]),
    ({"kill": "broker", "at": 3, "restart_after": 5}, "faults.0.restart_after", ["Write down"]),
    ({"alarm": "memry", "at": 3}, "faults.0.alarm", ["Did you mean 'memory'?"]),
]


def refused(data: Any) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_data(data)
    return caught.value


@pytest.mark.parametrize(("changes", "where", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
def test_what_is_wrong_is_named(changes: dict[str, Any], where: str, words: list[str]) -> None:
    error = refused(small(**changes))
    where = where.replace("__", ".")
    assert error.where == where
    assert str(error).startswith(f"{where}: ")
    for word in words:
        assert word in str(error)
    assert "\n" not in str(error), "one mistake, one line"


@pytest.mark.parametrize(
    ("fault", "where", "words"), WRONG_FAULTS, ids=[str(c[0])[:60] for c in WRONG_FAULTS]
)
def test_a_wrong_fault_is_named(fault: Any, where: str, words: list[str]) -> None:
    error = refused(small(faults=[fault]))
    assert error.where == where
    for word in words:
        assert word in str(error)
    assert "\n" not in str(error)


def test_the_small_scenario_itself_is_right() -> None:
    assert Scenario.from_data(small()).consumers["worker"].count == 2


def test_several_mistakes_are_told_at_once_a_line_each() -> None:
    error = refused(small(duration=-1, consumers__worker__prefetch=-1, broker__nodes=4))
    lines = str(error).splitlines()
    assert [line.split(":")[0] for line in lines] == ["duration", "broker.nodes", "consumers.worker.prefetch"]
    assert error.where == "duration"
    assert error.value == -1


def test_only_the_first_few_of_many_mistakes_are_spelled_out() -> None:
    wrong = {f"w{i}": {"queue": "tasks", "prefetch": -1} for i in range(9)}
    lines = str(refused(small(consumers=wrong))).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "... and 4 more."


def test_the_error_crosses_between_processes() -> None:
    error = refused(small(duration=-1, broker__nodes=4))
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.where, copy.value, copy.allowed, copy.hint) == (
        error.where,
        error.value,
        error.allowed,
        error.hint,
    )


def test_a_part_built_in_python_is_checked_alike() -> None:
    with pytest.raises(ScenarioError, match=r"^max_length: -1 will not do"):
        QueueSpec(max_length=-1)
    with pytest.raises(ScenarioError, match=r"^Scenario: this has|^Scenario: has no end"):
        Scenario()


def test_a_lost_message_can_be_shown_on_purpose() -> None:
    scenario = Scenario.from_data(small(producers__web__to={"exchange": "", "key": "taks"}))
    assert scenario.producers["web"].to[0].key.values == ("taks",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.yaml", b"", ["empty", "empty.yaml"]),
        ("comments.yaml", b"# nothing\n", ["empty"]),
        ("list.yaml", b"- 1\n- 2\n", ["a list, not a scenario"]),
        ("text.yaml", b"hello\n", ["not a scenario"]),
        ("binary.yaml", b"\x89PNG\r\n\x1a\n\xff\x00", ["no text", "UTF-8"]),
        ("zeros.yaml", b"name: a\x00\n", ["no text", "UTF-8"]),
        ("big.yaml", b"#" * 1_000_001, ["too large", "1000000"]),
        ("twice.yaml", b"duration: 1\nduration: 2\n", ["line 2", "'duration' stands here twice"]),
        ("open.yaml", b"broker: {queues: [\n", ["must be YAML", "line"]),
        ("tab.yaml", b"broker:\n\tqueues: {}\n", ["must be YAML", "line 2"]),
        ("two.yaml", b"duration: 1\n---\nduration: 2\n", ["second document"]),
        ("tag.yaml", b"name: !!python/object/apply:os.system ['true']\n", ["without a tag"]),
        ("loop.yaml", b"a: &a [*a]\n", ["alias"]),
        ("deep.yaml", b"a: " + b"[" * 1000 + b"]" * 1000, ["nested"]),
        ("merge.yaml", b"a: &a {duration: 1}\n<<: *a\n", ["no merge keys"]),
    ],
)
def test_a_bad_file_gets_one_sentence(tmp_path: Path, name: str, content: bytes, words: list[str]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    for word in words:
        assert word in str(caught.value)


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(ScenarioError, match="200000 values"):
        Scenario.from_yaml("\n".join(levels) + "\n")


def test_many_aliases_are_refused() -> None:
    text = "a: &a 1\nb: [" + "*a, " * 1001 + "]\n"
    with pytest.raises(ScenarioError, match="at most 1000 aliases"):
        Scenario.from_yaml(text)


def test_a_folder_a_missing_file_and_an_unknown_preset(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="this is a folder"):
        load(tmp_path)
    with pytest.raises(ScenarioError, match="no such file"):
        Scenario.from_yaml(tmp_path / "no.yaml")
    with pytest.raises(ScenarioError, match=r"hello, task-queue.*Did you mean 'task-queue'\?"):
        load("taskqueue")


def test_all_errors_are_one_tree() -> None:
    assert isinstance(refused([]), MqsimError)
