"""How every command starts and ends: its exit status, and one clear sentence when something is wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mqsim.errors import BrokerError, MqsimError, SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130  # as shells report SIGINT
BROKEN_PIPE = 141  # as shells report SIGPIPE
WRONG_USE = 2
OUR_FAULT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows `mqsim`; by default the process's own.

    Returns:
        The exit status: 0; 2 after a mistake in the call or the scenario, with one sentence on stderr; 130
            after Ctrl-C;
        1 after a fault of mqsim itself.
    """
    try:
        if arguments is None and sys.argv[1:2] == ["exec"]:
            from mqsim.cli.exec import settle_hashes

            if (done := settle_hashes()) is not None:
                return done
        status = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
        if arguments is None and sys.argv[1:2] == ["exec"]:
            from mqsim.cli.exec import leave_at_once

            leave_at_once(status)
    except KeyboardInterrupt:
        _say("stopped; nothing was left half-written.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (BrokerError, SimulationError) as error:
        # No scenario may lead to these: the model broke its own rules.
        return _own_fault(error)
    except MqsimError as error:
        _say(str(error))
        return WRONG_USE
    except OSError as error:
        _say(f"can't write or read: {error.strerror or error}.")
        return WRONG_USE
    except Exception as error:  # the last door: whatever comes here is a fault of ours
        return _own_fault(error)
    return status


def _run(arguments: list[str]) -> int:
    import typer

    from mqsim.cli.app import app

    command = typer.main.get_command(app)
    try:
        with command.make_context("mqsim", arguments) as context:
            command.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    except Exception as error:
        # Typer's own errors come from click, or from a copy of it that newer releases bring along.
        if not hasattr(error, "format_message"):
            raise
        where = getattr(error, "ctx", None)
        _usage(error.format_message(), where.command_path if where else _called(command, arguments))
        return WRONG_USE
    return 0


def _called(command: object, arguments: Sequence[str]) -> str:
    """The command that the arguments call, for an error that does not say it."""
    path = "mqsim"
    for word in arguments:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        path = f"{path} {word}"
    return path


def _usage(message: str, path: str) -> None:
    sentence = " ".join(message.split())
    _say(
        f"{sentence}{'' if sentence.endswith(('.', '?', '!')) else '.'} `{path} --help` tells what is there."
    )


def _own_fault(error: Exception) -> int:
    if os.environ.get("MQSIM_DEBUG") == "1":
        raise error
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    _say(
        f"this is a fault of mqsim, not yours ({what}). Please report it in the project's issue "
        "tracker with the command and the scenario; MQSIM_DEBUG=1 shows where it happened."
    )
    return OUR_FAULT


def _say(sentence: str) -> None:
    print(f"mqsim: {sentence}", file=sys.stderr)
