"""Hello, queue: what is judged."""

from mqsim.grading import Exercise, both_orders, expect

GREETING = "Hello World!"

exercise = Exercise({"consumer": 1, "producer": 1}, tasks=[GREETING], limit=60)

BOTH_ORDERS = both_orders("consumer", "producer")


def greetings(run):
    """The texts that the consumer took in hand from the queue `hello`, acknowledged or not."""
    return [
        each.text
        for each in run.deliveries
        if each.program == "consumer"
        and each.queue == "hello"
        and min(each.started, each.finished) < run.limit
    ]


@exercise.check(points=1)
def runs(run):
    """Both programs start and connect to the broker."""
    for program in ("consumer", "producer"):
        expect(
            run.connections_of(program),
            f"The program {program}.py never connected to the broker. What does it print in `mqsim exec`?",
        )


@exercise.check(points=2, needs=["runs"], scene=BOTH_ORDERS)
def same_declaration(run):
    """Both programs declare the queue `hello` in the same way."""
    for error in run.errors:
        refused = error.code in (405, 406) and "delivery tag" not in error.text
        expect(not refused, f"{error.who} was refused at {error.t:.3f}: {error.text}.")
    for program in ("consumer", "producer"):
        mine = [each for each in run.declarations if each.program == program and each.kind == "queue"]
        names = sorted({each.name for each in mine})
        expect(
            "hello" in names,
            f"The {program} does not declare the queue `hello`. It declares: {', '.join(names) or 'none'}.",
        )


@exercise.check(points=3, needs=["runs"])
def delivered(run):
    """The producer sends `Hello World!` once, and the consumer gets it."""
    sent = [each.text for each in run.publishes if each.program == "producer"]
    expect(sent == [GREETING], f'The producer sent {sent or "nothing"}, where one "{GREETING}" is asked for.')
    for each in run.messages:
        expect(each.queue, f'"{each.text}" reached no queue: there is none of the name that it was sent to.')
    found = greetings(run)
    for error in run.errors:
        expect(
            "delivery tag" not in error.text,
            f"{error.who} acknowledged what needs no acknowledgement, at {error.t:.3f}: {error.text}.",
        )
    expect(
        found == [GREETING],
        f'The consumer got {found or "nothing"} from `hello`, where one "{GREETING}" was due.',
    )


@exercise.check(points=2, needs=["runs"], scene=BOTH_ORDERS)
def any_order(run):
    """It works whichever program starts first."""
    first = run.setting.order[0]
    expect(
        greetings(run)[:1] == [GREETING],
        f'When the {first} starts first, "{GREETING}" does not arrive. Do both programs declare the queue, '
        "and does the consumer wait?",
    )


@exercise.check(points=2, needs=["runs"])
def closes_connection(run):
    """The producer closes its connection in order when it has sent its greeting."""
    for each in run.connections_of("producer"):
        expect(
            each.how == "closed",
            f"The producer did not close the connection that it opened at {each.opened:.3f} s: that one was "
            f"{each.how}{f' ({each.why})' if each.why else ''}.",
        )
