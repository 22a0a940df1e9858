"""The task queue: what is judged."""

from collections import Counter

from mqsim.grading import Exercise, calm, expect

TASKS = ["task1", "task2", "task3"]
SECONDS = 2.0

exercise = Exercise({"consumer": 1, "producer": 1}, tasks=TASKS, limit=120)

THREE_CONSUMERS = calm(counts={"consumer": 3})
OUR_PRODUCER = calm(partner="producer")
OUR_CONSUMER = calm(partner="consumer")


@exercise.check(points=2)
def same_declaration(run):
    """Both programs declare the queue `task_queue` in the same way."""
    for error in run.errors:
        no_queue = error.code == 404 and "no queue" in error.text
        refused = error.code in (405, 406) and "delivery tag" not in error.text
        expect(not refused and not no_queue, f"{error.who} was refused at {error.t:.3f}: {error.text}.")
    declared = [each.name for each in run.declarations if each.kind == "queue"]
    expect(
        "task_queue" in declared,
        f"Nobody declared the queue `task_queue`; declared: {', '.join(declared) or 'none'}.",
    )


@exercise.check(points=2, needs=["same_declaration"], scene=[calm(), OUR_CONSUMER])
def three_tasks(run):
    """The producer sends task1, task2 and task3 to the queue `task_queue`."""
    sent = [each for each in run.messages if each.producer.startswith("producer")]
    expect(sent, "The producer sent nothing.")
    for each in sent:
        expect(each.queue, f'"{each.text}" reached no queue: there is none of the name that it was sent to.')
    found = Counter(each.text for each in sent if each.queue == "task_queue" and each.enqueued < run.limit)
    for task in TASKS:
        expect(found[task], f'"{task}" never came into `task_queue`.')
        expect(found[task] == 1, f'"{task}" came into `task_queue` {found[task]} times.')
    for text in found:
        expect(text in TASKS, f'"{text}" came into `task_queue`, and is none of the three tasks.')


@exercise.check(points=2, needs=["same_declaration"], scene=[calm(), THREE_CONSUMERS, OUR_PRODUCER])
def all_worked(run):
    """The consumers work on every task once and acknowledge it, and nothing is left in the queue."""
    for error in run.errors:
        expect(
            "delivery tag" not in error.text,
            f"{error.who} acknowledged a task twice, or beside auto_ack, at {error.t:.3f}: {error.text}.",
        )
    done = run.done("consumer")
    for task in TASKS:
        expect(done[task], run.why_not_done(task, "consumer"))
        expect(done[task] == 1, f'"{task}" was worked on {done[task]} times.')
    for text in run.left("task_queue"):
        expect(False, f'"{text}" is still in the queue at the end.')


@exercise.check(
    points=2, needs=["same_declaration", "all_worked"], scene=[calm(), THREE_CONSUMERS, OUR_PRODUCER]
)
def two_seconds_each(run):
    """A consumer takes two seconds for each task."""
    for each in run.deliveries:
        if each.program == "consumer":
            expect(
                run.took(each, SECONDS),
                f'"{each.text}" took {each.who} {run.seconds_of(each):.3f} s, where 2 s were asked for.',
            )


@exercise.check(points=2, needs=["same_declaration"])
def closes_connection(run):
    """The producer closes its connection in order when it has sent its tasks."""
    expect(run.connections_of("producer"), "The producer never connected to the broker.")
    for each in run.connections_of("producer"):
        expect(
            each.how == "closed",
            f"The producer did not close the connection that it opened at {each.opened:.3f} s: that one was "
            f"{each.how}{f' ({each.why})' if each.why else ''}.",
        )
