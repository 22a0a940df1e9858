"""A small exercise, for submissions that mean harm: two tasks, one worker, calm runs."""

from mqsim.grading import Exercise, calm, expect

exercise = Exercise({"consumer": 1, "producer": 1}, tasks=["a.", "b.."], told="producer", limit=100, gap=1.0)


@exercise.check(points=4)
def effects(run):
    """Every task is recorded in the ledger, once."""
    for task in run.tasks:
        expect(run.effects[task] == 1, f'"{task}" was recorded {run.effects[task]} times.')


@exercise.check(points=3)
def time_as_told(run):
    """A task takes a second for each dot."""
    for each in run.deliveries:
        wanted = each.text.count(".")
        expect(wanted - 1e-6 <= each.time < float("inf"), f'"{each.text}" took no {wanted} s.')
    expect(run.deliveries, "Nothing was delivered.")


@exercise.check(points=3)
def queue_is_empty(run):
    """In the end nothing is left, and no queue has any other text."""
    expect(not run.left(), f'"{(run.left() or [""])[0]}" is left.')
    expect([each.text for each in run.messages] == run.tasks, "The messages are not the tasks.")


@exercise.check(points=0, scene=[calm(), calm(tasks=["c."]), calm(tasks=["d."])])
def confined(run):
    """No program reached what is not its own; each says so itself, in the ledger."""
    for key in run.effects:
        expect(not key.startswith("ESCAPED"), f"A program got out: {key}.")
