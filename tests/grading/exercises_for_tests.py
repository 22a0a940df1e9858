"""Small exercises and programs for the tests of grading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.grading.hostile.programs import PRODUCER, consumer

if TYPE_CHECKING:
    from pathlib import Path

CRASHES = '''
from mqsim.grading import Exercise, every_crash, expect

exercise = Exercise({"consumer": 1, "producer": 1}, tasks=["a."], told="producer", limit=60, gap=1.0)


@exercise.vary
def others(draw):
    yield {"category": "other tasks", "tasks": [f"job{draw.randrange(10**6)}."]}


@exercise.check(points=4)
def effects(run):
    """Every task is recorded."""
    for task in run.tasks:
        expect(run.effects[task], f'"{task}" was never recorded.')


@exercise.check(points=6, needs=["effects"], scene=every_crash("consumer"))
def nothing_lost(run):
    """Every task is recorded, whenever the worker is killed."""
    for task in run.tasks:
        expect(run.effects[task], f'"{task}" is lost.')
'''

RIGHT = consumer()
EARLY = consumer(inside="channel.basic_ack(method.delivery_tag)").replace(
    "    ledger.record(body.decode())\n    channel.basic_ack(method.delivery_tag)\n",
    "    ledger.record(body.decode())\n",
)
IDLE = "print('nothing')\n"


def exercise_in(folder: Path, text: str = CRASHES, name: str = "01_small") -> Path:
    """An exercise's folder."""
    where = folder / name
    where.mkdir(parents=True)
    (where / "exercise.py").write_text(text)
    return where


def submission_in(folder: Path, source: str = RIGHT, producer: str = PRODUCER) -> Path:
    """A submission's folder."""
    folder.mkdir(parents=True)
    (folder / "consumer.py").write_text(source)
    (folder / "producer.py").write_text(producer)
    return folder
