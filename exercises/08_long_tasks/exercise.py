"""Long tasks: what is judged."""

from mqsim.grading import Exercise, calm, every_crash, every_ctrl_c, expect

exercise = Exercise(
    {"consumer": 1, "producer": 1},
    tasks=["film-400", "note-5", "report-130"],
    told="producer",
    limit=900,
)

HEARTBEAT = 60
THE_WORKER_IS_KILLED = every_crash("consumer", tasks=["film-200", "note-5"], again=False)
CTRL_C = every_ctrl_c("consumer", tasks=["film-300", "note-5"])
A_WHILE = 60.0
"""Seconds after its last task within which a consumer has to end."""

A_MOMENT = 0.1
"""Seconds for which a program that has just begun to consume need not yet be ready for Ctrl-C."""


@exercise.vary
def other_tasks(draw):
    """Other names and lengths."""
    yield {
        "category": "other tasks",
        "tasks": [f"job-{draw.randint(200, 500)}", f"short-{draw.randint(1, 20)}"],
    }


def seconds(task):
    """How long a task takes: `film-400` takes 400 seconds."""
    return float(task.rpartition("-")[2])


def must_consume(run):
    """Nothing can be said of a consumer that does not consume."""
    expect(run.consumes_after("consumer", 0), "The consumer never consumed from a queue.")


@exercise.check(points=1)
def heartbeats_on(run):
    """The consumer's connection has heartbeats of 60 seconds or less."""
    must_consume(run)
    for each in run.connections_of("consumer"):
        expect(
            each.heartbeat > 0, "The consumer switched its heartbeats off: a dead worker would go unnoticed."
        )
        expect(
            each.heartbeat <= HEARTBEAT,
            f"The consumer's heartbeats are {each.heartbeat:g} s, where {HEARTBEAT} s or less are asked for.",
        )


@exercise.check(points=3)
def no_connection_lost(run):
    """The consumer keeps its connection, however long a task takes."""
    must_consume(run)
    for each in run.connections_of("consumer"):
        kept = each.how not in ("dropped", "closed by server")
        expect(
            kept,
            f"The connection that the consumer opened at {each.opened:.3f} s was lost at {each.ended:.3f} s: "
            f"{each.why}.",
        )


@exercise.check(points=1)
def channel_of_one_thread(run):
    """No channel of the consumer is used by two threads."""
    must_consume(run)
    for each in run.connections_of("consumer"):
        for number, threads in each.channels.items():
            names = ", ".join(sorted(threads))
            expect(
                len(threads) <= 1, f"Channel {number} of the consumer was used by several threads: {names}."
            )


@exercise.check(points=1)
def one_connection(run):
    """The consumer opens one connection, and no more."""
    must_consume(run)
    number = len(run.connections_of("consumer"))
    expect(number == 1, f"The consumer opened {number} connections.")


@exercise.check(points=1)
def one_at_a_time(run):
    """The consumer never has more than one task: not in work, and not waiting in its memory either."""
    must_consume(run)
    held = run.most_held("consumer-1")
    texts = ", ".join(f'"{each.text}"' for each in held)
    expect(len(held) <= 1, f"The consumer had {len(held)} tasks at one time: {texts}.")


@exercise.check(points=1, scene=[calm(), THE_WORKER_IS_KILLED])
def nothing_lost(run):
    """Whenever the worker is killed, every task is worked to its end in the end, and then acknowledged."""
    for task in run.tasks:
        attempts = [each for each in run.deliveries if each.text == task]
        expect(attempts, f'"{task}" is lost: no worker was ever given it.')
        expect(
            any(run.worked_for(each, seconds(task)) for each in attempts),
            f'"{task}" is lost: nobody worked on it for {seconds(task):g} s and acknowledged it then.',
        )
    for text in run.left("long_tasks"):
        expect(False, f'"{text}" is still in the queue at the end.')


@exercise.check(points=2, scene=[calm(), CTRL_C])
def clean_stop(run):
    """At Ctrl-C the consumer finishes and acknowledges its task, closes its connection, and exits with 0."""
    if run.crash is None:
        must_consume(run)
        return
    pressed = run.crash.t
    if not run.consumes_before("consumer", pressed - A_MOMENT):
        return
    if pressed + max(map(seconds, run.tasks)) + A_WHILE > run.limit:
        return  # The run ends before the consumer must have ended.
    for each in run.deliveries:
        if each.program == "consumer" and each.started < pressed - A_MOMENT and each.finished > pressed:
            expect(
                each.finished < run.limit and each.how == "acked",
                f'"{each.text}" was in hand, and was not finished and acknowledged.',
            )
            expect(
                run.worked_for(each, seconds(each.text)),
                f'"{each.text}" was acknowledged before its work was done.',
            )
    exits = run.exits_of("consumer")
    expect(exits, "The consumer goes on running.")
    for each in run.connections_of("consumer"):
        why = f" ({each.why})" if each.why else ""
        expect(each.how == "closed", f"The consumer did not close its connection: it was {each.how}{why}.")
    for each in exits:
        expect(
            each.status == 0 and not each.signal, f"The consumer exits with status {each.status}, and not 0."
        )
