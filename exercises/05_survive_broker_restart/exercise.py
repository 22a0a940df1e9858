"""Survive a restart of the broker: what is judged."""

from mqsim.grading import (
    Exercise,
    calm,
    every_broker_kill,
    every_broker_restart,
    every_crash,
    expect,
)

exercise = Exercise(
    {"consumer": 1, "producer": 1},
    tasks=["resize...", "tag.", "crop.."],
    told="producer",
    limit=120,
)

THE_BROKER_IS_AWAY = [every_broker_restart(down=2), every_broker_kill(down=2)]


@exercise.vary
def other_tasks(draw):
    """Other names and lengths."""
    names = draw.sample(["scan", "sort", "pack", "weigh", "print", "film"], 3)
    yield {"category": "other tasks", "tasks": [name + "." * draw.randint(1, 4) for name in names]}


@exercise.check(points=3, scene=[calm(), *THE_BROKER_IS_AWAY])
def producer_knows(run):
    """The producer asks for confirms, and sends a task again until the broker has confirmed it."""
    for task in run.tasks:
        sent = [each for each in run.publishes if each.program == "producer" and each.text == task]
        expect(sent, f'"{task}" was never sent.')
        expect(
            any(each.confirms for each in sent),
            f'"{task}" was sent without asking for a confirm: the producer can\'t know whether it was taken.',
        )
        expect(
            any(each.answer == "confirmed" for each in sent),
            f'"{task}" was never confirmed, and the producer gave up on it.',
        )


@exercise.check(points=3, scene=[calm(), *THE_BROKER_IS_AWAY])
def consumer_returns(run):
    """The consumer connects again when the broker is back, and consumes from the queue again."""
    if run.crash is None:
        expect(run.consumes_after("consumer", 0), "The consumer never consumed from a queue.")
    else:
        expect(
            run.consumes_after("consumer", run.crash.t),
            "The consumer did not consume again when the broker was back.",
        )


@exercise.check(points=4, scene=[calm(), *THE_BROKER_IS_AWAY, every_crash("consumer")])
def nothing_lost(run):
    """Whenever the broker goes away, or the worker is killed, every task is recorded in the end."""
    for task in run.tasks:
        entries = [entry for entry in run.ledger if entry.key == task]
        waits = task in run.left("task_queue")
        expect(
            entries or not waits, f'"{task}" is never done: it stays in the queue, and no worker takes it.'
        )
        expect(entries, f'"{task}" is lost.')
        dots = len(task) - len(task.rstrip("."))
        expect(
            any(run.worked_first(entry, dots) for entry in entries),
            f'"{task}" is lost: it is recorded, but nobody worked on it to the end.',
        )
    for text in run.left("task_queue"):
        expect(False, f'"{text}" is done, but it is still in the queue at the end: acknowledge what is done.')
