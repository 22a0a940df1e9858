"""`mqsim exec --every-crash` and `mqsim exec --why`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.cli import show
from mqsim.cli.progress import progress_bar

if TYPE_CHECKING:
    from mqsim.api import ProgramsResult


def crash_everywhere(options: dict[str, Any], as_json: bool) -> None:
    """Run the programs with a crash at every point, and print the table; the way there shows on a terminal.

    Raises:
        MqsimError: the request can't be.
        KeyboardInterrupt: it was ended early; what there was by then is printed.
    """
    from mqsim.api import every_crash

    with progress_bar("crashes", "runs") as tell:
        table = every_crash(**options, progress=tell)
    if as_json:
        show.json_object(table.to_data())
    else:
        print(table, flush=True)
    if table.not_run:
        raise KeyboardInterrupt


def tell_why(result: ProgramsResult, message: str, as_json: bool) -> None:
    """Print one message's story.

    Raises:
        UsageError: there is no such message, or several.
    """
    from mqsim.trace.explanation import explain

    found = explain(result.trace, message)
    if as_json:
        lines = [line._asdict() for line in found.lines]
        show.json_object({"message": found.name, "lines": lines, "ends": list(found.ends)})
        return
    show.lines(found.lines)
    print()
    for end in found.ends:
        print(end)
