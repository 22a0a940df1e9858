"""`plan questions`: twenty questions with the commands that answer them."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer


def questions(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[N|WORDS]", help="A number, or words to find.", show_default=False),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Ask the only question that fits.")] = False,
) -> None:
    """List twenty questions, each with the command that answers it."""
    from mqsim.errors import UsageError
    from mqsim.planning.questions import find

    found = find(" ".join(words or ()))
    if run:
        if len(found) != 1:
            raise UsageError(f"questions --run: {len(found)} questions fit; give the number of one.")
        typer.echo(f"mqsim {found[0].command}")
        assert context.parent is not None
        plan = context.parent.command
        with plan.make_context("mqsim plan", shlex.split(found[0].command)[1:]) as asked:
            plan.invoke(asked)
    for one in found:
        typer.echo(f"{one.number:2}  {one.asks}")
        if len(found) <= 3:
            typer.echo(f"    mqsim {one.command}\n    {one.mind}")
    if len(found) > 3:
        typer.echo("`mqsim plan questions N` shows the command; add --run to ask it.")
