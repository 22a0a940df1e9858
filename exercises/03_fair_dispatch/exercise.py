"""Fair dispatch: what is judged."""

from collections import Counter

from mqsim.grading import Exercise, calm, expect

exercise = Exercise(
    {"consumer": 2, "producer": 1},
    tasks=["resize...", "tag.", "crop..", "mail.", "print...."],
    told="producer",
    limit=120,
)

LONG_ONES_FIRST = calm(tasks=["film......", "print.....", "tag.", "mail.", "crop..", "scan."])
BOTH_LISTS = [calm(), LONG_ONES_FIRST]


@exercise.vary
def other_tasks(draw):
    """Other names and lengths."""
    names = draw.sample(["resize", "tag", "crop", "mail", "print", "scan", "sort", "pack", "weigh"], 6)
    yield {"category": "other tasks", "tasks": [name + "." * draw.randint(1, 6) for name in names]}


@exercise.check(points=2, scene=BOTH_LISTS)
def tasks_as_told(run):
    """The producer sends each task of its command line as one message to the durable queue `task_queue`."""
    sent = [each for each in run.messages if each.producer.startswith("producer")]
    expect(sent, "The producer sent nothing.")
    for each in sent:
        expect(each.queue, f'"{each.text}" reached no queue: there is none of the name that it was sent to.')
    found = Counter(each.text for each in sent if each.queue == "task_queue" and each.enqueued < run.limit)
    told = Counter(run.tasks)
    for task in run.tasks:
        expect(found[task], f'"{task}" never came into `task_queue`.')
        expect(found[task] == told[task], f'"{task}" came into `task_queue` {found[task]} times.')
    for text in found:
        expect(text in told, f'"{text}" came into `task_queue`, and is no task of the command line.')
    for each in run.declarations:
        if each.kind == "queue" and each.name == "task_queue" and not each.passive:
            expect(each.durable, f"{each.who} declared `task_queue` without durable=True.")


@exercise.check(points=2, scene=BOTH_LISTS)
def all_worked(run):
    """The workers work on every task once, and nothing is left in the queue."""
    done = run.done("consumer")
    for task in run.tasks:
        expect(done[task], run.why_not_done(task, "consumer"))
        expect(done[task] == 1, f'"{task}" was worked on {done[task]} times.')
    for text in run.left("task_queue"):
        expect(False, f'"{text}" is still in the queue at the end.')


@exercise.check(points=2, needs=["all_worked"], scene=BOTH_LISTS)
def time_as_told(run):
    """A task takes one second for each dot at its end."""
    for each in run.deliveries:
        if each.program == "consumer":
            dots = len(each.text) - len(each.text.rstrip("."))
            expect(
                run.took(each, dots),
                f'"{each.text}" took {each.who} {run.seconds_of(each):.3f} s, where {dots} s were asked for.',
            )


@exercise.check(points=4, needs=["all_worked"], scene=BOTH_LISTS)
def one_at_a_time(run):
    """A worker never has more than one task: not in work, and not waiting in its memory either."""
    for who in run.actors("consumer"):
        held = run.most_held(who)
        texts = ", ".join(f'"{each.text}"' for each in held)
        expect(len(held) <= 1, f"{who} had {len(held)} tasks at one time: {texts}.")
