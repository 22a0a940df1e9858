"""What the command line prints, kept as text: `python -m tests.golden.make --write` writes it anew.

Read the difference before keeping it: these files say that nothing changed, not that it is right. The numbers
in them are checked one by one in `tests/cli`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
COMMANDS = {
    "demo": ["demo"],
    "run-hello": ["run", "hello"],
    "run-hello-timeline": ["run", "hello", "--timeline"],
    "run-worker-crash": ["run", "worker-crash"],
    "presets": ["run"],
}


def printed(arguments: list[str]) -> str:
    """What `mqsim ARGUMENTS` prints on stdout, which must be all that it prints."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "mqsim.cli", *arguments], capture_output=True, check=True, env=environment
    )
    assert done.stderr == b"", done.stderr.decode()
    return done.stdout.decode("utf-8").replace("\r\n", "\n")


def kept(name: str) -> Path:
    """Where the text of that name is kept."""
    return FOLDER / f"{name}.txt"


def main() -> None:
    """Write all of them, when asked to."""
    if sys.argv[1:] != ["--write"]:
        sys.exit(f"{__doc__}")
    for name, arguments in COMMANDS.items():
        kept(name).write_text(printed(arguments), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
