"""Do it once: what is judged."""

from mqsim.grading import Exercise, calm, every_crash, expect, ledger_away

exercise = Exercise(
    {"consumer": 2, "producer": 1},
    tasks=["resize...", "tag.", "crop..", "mail."],
    told="producer",
    limit=120,
)

SENT_TWICE = ["tag.", "tag.", "crop..", "mail.", "crop.."]
A_WORKER_IS_KILLED = every_crash("consumer")
THE_ONLY_WORKER_IS_KILLED = every_crash("consumer", counts={"consumer": 1}, tasks=["tag.", "crop..", "tag."])
SENT_TWICE_AND_KILLED = every_crash("consumer", tasks=SENT_TWICE)
KILLED = [A_WORKER_IS_KILLED, THE_ONLY_WORKER_IS_KILLED, SENT_TWICE_AND_KILLED]
THE_LEDGER_IS_AWAY = ledger_away(seconds=3, tasks=["tag.", "crop.."])


@exercise.vary
def other_tasks(draw):
    """Other names and lengths, some of them sent twice."""
    names = draw.sample(["scan", "sort", "pack", "weigh", "print", "film"], 3)
    tasks = [name + "." * draw.randint(1, 3) for name in names]
    yield {"category": "other tasks", "tasks": [tasks[0], tasks[0], *tasks[1:], tasks[1]]}


def dots(task):
    """How many seconds a task takes."""
    return len(task) - len(task.rstrip("."))


@exercise.check(points=4, scene=[calm(), *KILLED, THE_LEDGER_IS_AWAY])
def nothing_lost(run):
    """Whenever a worker is killed, every task is worked to its end and recorded."""
    for each in run.declarations:
        if each.kind == "queue" and each.name == "task_queue" and not each.passive:
            expect(each.durable, f"{each.who} declared `task_queue` without durable=True.")
    left = run.left("task_queue")
    outage = run.crash is not None and run.crash.kind == "ledger away"
    for task in run.tasks:
        if outage and task in left:
            continue  # A worker may end when the ledger does not answer: then the task waits for another.
        entries = [entry for entry in run.ledger if entry.key == task]
        expect(
            entries or task not in left,
            f'"{task}" is never done: it stays in the queue, and no worker takes it.',
        )
        expect(entries, f'"{task}" is lost.')
        expect(
            any(run.worked_first(entry, dots(task)) for entry in entries),
            f'"{task}" is lost: it is recorded, but nobody worked on it to the end.',
        )
    if not outage:
        for text in left:
            expect(
                False, f'"{text}" is done, but it is still in the queue at the end: acknowledge what is done.'
            )


@exercise.check(points=6, scene=[calm(), calm(tasks=SENT_TWICE), *KILLED, THE_LEDGER_IS_AWAY])
def effect_once(run):
    """No task is recorded more than once: not when a worker is killed, and not when it was sent twice."""
    for task in dict.fromkeys(run.tasks):
        number = run.effects[task]
        times = ", ".join(f"{t:.3f}" for t in run.recorded(task))
        expect(number <= 1, f'"{task}" was recorded {number} times, at {times}.')
        if run.crash is None:
            expect(number, f'"{task}" was never recorded.')
