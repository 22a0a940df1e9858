"""Publish and subscribe: what is judged."""

from mqsim.grading import Exercise, calm, every_crash, expect

exercise = Exercise(
    {"audit": 1, "mail": 1, "stock": 1, "producer": 1},
    tasks=[
        "order.paid.eu=Order 17",
        "order.sent.us=Order 12",
        "order.paid.us=Order 18",
        "order.sent.eu=Order 11",
        "user.login=Ann",
        "order.paid.eu.gift=Order 19",
        "order.eu=Order 20",
    ],
    told="producer",
    limit=60,
)

SUBSCRIBERS = ("audit", "mail", "stock")
FEWER = ["order.paid.eu=Order 1", "order.paid.us=Order 2", "order.sent.eu=Order 3"]
KILLED = [every_crash(name, tasks=FEWER) for name in SUBSCRIBERS]


@exercise.vary
def other_events(draw):
    """Other events."""
    keys = ["order.paid.eu", "order.paid.us", "order.lost.eu", "order.sent.asia", "user.logout", "order.paid"]
    draw.shuffle(keys)
    yield {
        "category": "other events",
        "tasks": [f"{key}=No {draw.randrange(1000)}-{n}" for n, key in enumerate(keys)],
    }


def events_of(run):
    """The events as (key, text)."""
    return [tuple(task.split("=", 1)) for task in run.tasks]


def wants(name, key):
    """Whether a subscriber is to get the events of a key."""
    words = key.split(".")
    return {
        "audit": True,
        "mail": len(words) == 3 and words[:2] == ["order", "paid"],
        "stock": len(words) == 3 and words[0] == "order" and words[2] == "eu",
    }[name]


def records_what_it_should(run, name):
    """Hold a subscriber's records against the events."""
    for key, text in events_of(run):
        effect = f"{name} {key} {text}"
        if wants(name, key):
            expect(run.effects[effect], f'"{effect}" was never recorded.')
        else:
            expect(not run.effects[effect], f'"{effect}" was recorded, and is not for {name}.')


@exercise.check(points=1)
def same_declaration(run):
    """All programs declare the topic exchange `events` in the same way."""
    for error in run.errors:
        expect(error.code not in (405, 406), f"{error.who} was refused at {error.t:.3f}: {error.text}.")
    declared = [each for each in run.declarations if each.kind == "exchange" and each.name == "events"]
    expect(declared, "Nobody declared the exchange `events`.")
    for each in declared:
        expect(
            each.passive or each.type == "topic",
            f"{each.who} declared `events` as a {each.type} exchange, and a topic exchange is asked for.",
        )


@exercise.check(points=2)
def audit_gets_all(run):
    """`audit` records every event."""
    records_what_it_should(run, "audit")


@exercise.check(points=2)
def mail_gets_paid(run):
    """`mail` records the events `order.paid.*`, and no others."""
    records_what_it_should(run, "mail")


@exercise.check(points=2)
def stock_gets_eu(run):
    """`stock` records the events `order.*.eu`, and no others."""
    records_what_it_should(run, "stock")


@exercise.check(points=1)
def broker_selects(run):
    """The broker selects: `mail` and `stock` are sent only what is for them."""
    for name in ("mail", "stock"):
        sent = [each for each in run.deliveries if each.program == name]
        expect(sent, f"{name} was sent nothing.")
        for each in sent:
            expect(
                wants(name, each.key),
                f'"{each.key}" was sent to {name}, which it is not for. Bind its queue more narrowly.',
            )


@exercise.check(points=2, scene=[calm(), *KILLED])
def nothing_lost(run):
    """Whenever a subscriber is killed, every event for it is recorded in the end."""
    for each in run.declarations:
        if each.kind in ("queue", "exchange") and not each.passive and not each.name.startswith("amq."):
            expect(each.durable, f"{each.who} declared the {each.kind} `{each.name}` without durable=True.")
    for key, text in events_of(run):
        for name in SUBSCRIBERS:
            if wants(name, key):
                effect = f"{name} {key} {text}"
                expect(run.effects[effect], f'"{effect}" is lost.')
