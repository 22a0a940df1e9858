"""Poison messages: what is judged."""

from mqsim.grading import Exercise, calm, every_crash, expect

exercise = Exercise(
    {"consumer": 2, "producer": 1},
    tasks=["resize", "bad-picture", "mail", "flaky-print", "bad-name", "crop"],
    told="producer",
    given=["work.py"],
    limit=120,
)

FEWER = ["bad-picture", "resize", "flaky-print"]
A_WORKER_IS_KILLED = every_crash("consumer", tasks=FEWER)
THE_ONLY_WORKER_IS_KILLED = every_crash("consumer", counts={"consumer": 1}, tasks=FEWER, again=False)
FEWEST, MOST = 2, 5


@exercise.vary
def other_tasks(draw):
    """Other names."""
    names = draw.sample(["scan", "sort", "pack", "weigh", "print", "film"], 5)
    kinds = ["", "bad-", "flaky-", "", "bad-"]
    tasks = [kind + name for kind, name in zip(kinds, names, strict=True)]
    draw.shuffle(tasks)
    yield {"category": "other tasks", "tasks": tasks}


def tries(run, task):
    """How often `work.do` began with a task."""
    return run.effects[f"work.do tries {task}"]


def was_done(run, task):
    """Whether `work.do` succeeded with a task."""
    return run.effects[f"work.do has done {task}"] > 0


def of_kind(run, kind):
    """The tasks of a kind: `bad`, `flaky` or `good`."""
    return [
        task
        for task in run.tasks
        if kind == ("bad" if task.startswith("bad") else "flaky" if task.startswith("flaky") else "good")
    ]


def set_aside(run):
    """The texts in `dead_tasks` that came there by dead-lettering."""
    return [each.text for each in run.messages if each.queue == "dead_tasks" and each.dead_lettered]


@exercise.check(points=2)
def good_tasks_done(run):
    """Every task that can be done is done, and acknowledged."""
    for task in of_kind(run, "good"):
        expect(was_done(run, task), f'"{task}" was never done, though nothing is wrong with it.')
        expect(task not in run.left("task_queue"), f'"{task}" is done, but it is still in `task_queue`.')
        expect(task not in set_aside(run), f'"{task}" is in `dead_tasks`, though nothing is wrong with it.')


@exercise.check(points=2)
def flaky_tasks_done(run):
    """A task that fails once is tried again, and done."""
    for task in of_kind(run, "flaky"):
        expect(tries(run, task), f'"{task}" was never tried.')
        expect(was_done(run, task), f'"{task}" failed once and was not done afterwards.')
        expect(task not in run.left("task_queue"), f'"{task}" is done, but it is still in `task_queue`.')


@exercise.check(points=2)
def bad_tasks_aside(run):
    """A task that always fails ends in the queue `dead_tasks`, by dead-lettering."""
    for task in of_kind(run, "bad"):
        by_hand = any(each.text == task and each.queue == "dead_tasks" for each in run.messages)
        also = " A copy was published there, but it was not dead-lettered." if by_hand else ""
        expect(task in set_aside(run), f'"{task}" was not dead-lettered to `dead_tasks`.{also}')
        expect(
            task in run.left("dead_tasks"),
            f'"{task}" is no longer in `dead_tasks`, where somebody should find it.',
        )
        expect(task not in run.left("task_queue"), f'"{task}" is still in `task_queue`.')


@exercise.check(points=2)
def bounded_attempts(run):
    """A task that always fails is tried about three times: 2 to 5 times."""
    for task in of_kind(run, "bad"):
        number = tries(run, task)
        expect(number >= FEWEST, f'"{task}" was tried {number} times, and at least {FEWEST} are asked for.')
        expect(number <= MOST, f'"{task}" was tried {number} times, and at most {MOST} are allowed.')


@exercise.check(points=2, scene=[calm(), A_WORKER_IS_KILLED, THE_ONLY_WORKER_IS_KILLED])
def nothing_lost(run):
    """Whenever a worker is killed, every task is done in the end, or is in `dead_tasks`."""
    for task in run.tasks:
        expect(
            was_done(run, task) or task in run.left("dead_tasks"),
            f'"{task}" is lost: it is neither done nor in `dead_tasks`.',
        )
