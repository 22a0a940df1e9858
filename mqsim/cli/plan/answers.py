"""A question put, and its answer shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mqsim.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqsim.cli.plan.options import Running, Showing
    from mqsim.planning import Answer


def ask(
    question: Callable[..., Answer],
    scenario: str | None,
    options: dict[str, Any],
    running: Running,
    showing: Showing,
    unit: str = "messages",
) -> None:
    """Put a question of a scenario or of flags, and show its answer."""
    from mqsim.planning.units import positive

    how: dict[str, Any] = {
        "seed": running.seed,
        "budget": positive(running.budget, "count", "--budget"),
        "jobs": running.jobs,
        "dask": running.dask,
        "resume": running.resume,
        "engine": running.engine,
    }
    if showing.table is not None:
        writable_file(showing.table, "--table")
    with progress_bar("simulating", unit) as tell:
        answer = question(scenario=scenario, progress=tell, **how, **options)
    show(answer, showing)


def writable_file(path: Path, option: str) -> None:
    """Check that a file can be written.

    Raises:
        UsageError: it is a folder, or its folder is missing.
    """
    from mqsim.errors import UsageError

    if path.is_dir():
        raise UsageError(f"{option} {path}: this is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise UsageError(
            f"{option} {path}: there is no folder {path.parent}; make it first, or name another."
        )


def show(answer: Answer, showing: Showing) -> None:
    """Print an answer, save what was asked for, and end with its exit status."""
    if showing.figure is not None:
        save_figure(answer, showing.figure)
    if showing.report is not None:
        from mqsim.planning.page import page
        from mqsim.report import writable_target

        writable_target(showing.report).write_text(page(answer), encoding="utf-8")
    if showing.table is not None:
        writable_file(showing.table, "--table")
        answer.table.to_csv(showing.table, index=False)
    if showing.as_json:
        typer.echo(answer.to_json())
    else:
        typer.echo(answer.sentence)
        for note in answer.notes:
            typer.echo(f"  {note}")
        typer.echo(f"  Again: {answer.command}")
        typer.echo(f"  In Python: {answer.code}")
    raise typer.Exit(answer.status)


def save_figure(answer: Answer, path: Path) -> None:
    """Write the figure of an answer as PNG, SVG or PDF."""
    from mqsim.errors import UsageError
    from mqsim.viz.figure import figure_of

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"--figure {path}: write a name that ends in .png, .svg or .pdf.")
    figure_of(answer.figure()).savefig(path, dpi=150)
