"""`mqsim exec --every-crash` and `mqsim exec --why`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mqsim.cli import show

if TYPE_CHECKING:
    from mqsim.api import ProgramsResult
    from mqsim.cli.exec import Request


def crash_everywhere(request: Request, given: dict[str, Any]) -> None:
    """Run the programs with a crash at every point, and print the table; the way there shows on a terminal.

    Raises:
        MqsimError: the request can't be.
        KeyboardInterrupt: it was ended early; what there was by then is printed.
    """
    from tqdm import tqdm

    from mqsim.api import every_crash

    with tqdm(unit="run", desc="crashes", leave=False, file=sys.stderr, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        table = every_crash(**given, who=request.who, restart_after=request.restart_after, progress=progress)
    if request.as_json:
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
    from mqsim.trace.why import explain

    found = explain(result.trace, message)
    if as_json:
        lines = [line._asdict() for line in found.lines]
        show.json_object({"message": found.name, "lines": lines, "ends": list(found.ends)})
        return
    show.lines(found.lines)
    print()
    for end in found.ends:
        print(end)
