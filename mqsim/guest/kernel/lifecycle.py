"""A program's life: from its first line to the end of its process, as the interpreter does it.

After the main file: its exception is told, threads that are no daemons are waited for, `atexit` runs, what
the program still names is let go, the streams are flushed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mqsim.guest.kernel.operations import Exit
from mqsim.guest.kernel.tracebacks import describe
from mqsim.guest.shims.imports import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.kernel.runtime import Runtime

_INTERRUPTED = Exit(130, 2)


def live(runtime: Runtime) -> Callable[[], None]:
    """What a guest's main thread does."""

    def body() -> None:
        ending = _guarded(runtime, lambda: _run_main(runtime))
        ending = _guarded(runtime, lambda: _join_threads(runtime), ending)
        while runtime.at_exit:
            function, args, kwargs = runtime.at_exit.pop()
            ending = _guarded(runtime, lambda f=function, a=args, k=kwargs: f(*a, **k), ending)  # type: ignore[misc]
        _let_go(runtime)
        _guarded(runtime, _flush)
        runtime.finish(ending)

    return body


def _run_main(runtime: Runtime) -> None:
    program = runtime.program
    runtime.sources[program.path] = program.source.splitlines()
    exec(compiled(program.source, program.path), runtime.importer.main.__dict__)


def _join_threads(runtime: Runtime) -> None:
    threading = runtime.modules.get("threading")
    if threading is not None:
        threading._shutdown()


def _guarded(runtime: Runtime, act: Callable[[], object], before: Exit = Exit(0)) -> Exit:  # noqa: B008
    """Do something of the program's; how the process is to end after it."""
    try:
        act()
    except SystemExit as end:
        return _exit_of(runtime, end)
    except KeyboardInterrupt as error:
        runtime.complain(describe(runtime, error))
        return _INTERRUPTED
    except BaseException as error:
        _tell(runtime, error)
        return Exit(1)
    return before


def _exit_of(runtime: Runtime, end: SystemExit) -> Exit:
    if end.code is None:
        return Exit(0)
    if isinstance(end.code, int):
        return Exit(end.code & 0xFF)
    runtime.complain(f"{end.code}\n")
    return Exit(1)


def _tell(runtime: Runtime, error: BaseException) -> None:
    hook = sys.excepthook
    if hook is not sys.__excepthook__:
        try:
            hook(type(error), error, error.__traceback__)
        except Exception as second:
            runtime.complain(
                f"Error in sys.excepthook:\n{describe(runtime, second)}\nOriginal exception was:\n"
            )
        else:
            return
    runtime.complain(describe(runtime, error))


def _let_go(runtime: Runtime) -> None:
    """Let go of the program's names, in the interpreter's order: those with an underscore first."""
    names = runtime.importer.main.__dict__
    for private in (True, False):
        for name in list(names):
            if name != "__builtins__" and (name.startswith("_") and name[1:2] != "_") is private:
                names[name] = None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
