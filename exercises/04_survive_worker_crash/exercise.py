"""Survive a worker's crash: what is judged."""

from mqsim.grading import Exercise, calm, every_crash, expect, ledger_away

exercise = Exercise(
    {"consumer": 2, "producer": 1},
    tasks=["resize...", "tag.", "crop..", "mail."],
    told="producer",
    limit=120,
)

A_WORKER_IS_KILLED = every_crash("consumer")
THE_ONLY_WORKER_IS_KILLED = every_crash("consumer", counts={"consumer": 1}, tasks=["tag.", "crop..", "mail."])
THE_LEDGER_IS_AWAY = ledger_away(seconds=3, tasks=["resize...", "tag.", "crop.."])
WHATEVER_HAPPENS = [A_WORKER_IS_KILLED, THE_ONLY_WORKER_IS_KILLED, THE_LEDGER_IS_AWAY]


@exercise.vary
def other_tasks(draw):
    """Other names and lengths."""
    names = draw.sample(["scan", "sort", "pack", "weigh", "print", "film"], 4)
    yield {"category": "other tasks", "tasks": [name + "." * draw.randint(1, 4) for name in names]}


def dots(task):
    """How many seconds a task takes."""
    return len(task) - len(task.rstrip("."))


@exercise.check(points=1)
def effects(run):
    """Every task is recorded in the ledger under its own name."""
    for task in run.tasks:
        others = sorted(set(run.effects) - set(run.tasks))
        also = f' Recorded instead: "{", ".join(others)}".' if others else ""
        expect(run.effects[task], f'"{task}" was never recorded.{also}')


@exercise.check(points=1, needs=["effects"], scene=[calm(), A_WORKER_IS_KILLED])
def work_before_effect(run):
    """A task is recorded by the worker that has it, and not before the task's seconds of work are over."""
    for entry in run.ledger:
        if entry.key in run.tasks:
            expect(
                run.worked_first(entry, dots(entry.key)),
                f'"{entry.key}" was recorded by {entry.who} at {entry.t:.3f}, before its work was done.',
            )


@exercise.check(points=2, scene=[calm(), *WHATEVER_HAPPENS])
def queue_is_empty(run):
    """In the end nothing waits in the queue to be done again."""
    came = any(each.queue == "task_queue" for each in run.messages)
    expect(came or run.crash, "No task ever came into `task_queue`.")
    for text in run.left("task_queue"):
        done = run.effects[text]
        expect(
            not done, f'"{text}" is done, but it is still in the queue at the end: acknowledge what is done.'
        )
        expect(done, f'"{text}" is still in the queue at the end, and nobody has done it.')


@exercise.check(points=6, needs=["effects"], scene=[calm(), *WHATEVER_HAPPENS])
def nothing_lost(run):
    """Whenever a worker is killed, or the ledger is away for 3 seconds, every task is recorded in the end."""
    for each in run.declarations:
        if each.kind == "queue" and each.name == "task_queue" and not each.passive:
            expect(each.durable, f"{each.who} declared `task_queue` without durable=True.")
    for task in run.tasks:
        entries = [entry for entry in run.ledger if entry.key == task]
        waits = task in run.left("task_queue")
        expect(
            entries or not waits, f'"{task}" is never done: it stays in the queue, and no worker takes it.'
        )
        expect(entries, f'"{task}" is lost.')
        expect(
            any(run.worked_first(entry, dots(task)) for entry in entries),
            f'"{task}" is lost: it is recorded, but nobody worked on it to the end.',
        )
