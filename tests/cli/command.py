"""Runs the command line as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def mqsim(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`mqsim ARGUMENTS` with more environment variables, and all that it printed."""
    return subprocess.run(
        [sys.executable, "-m", "mqsim.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **variables},
    )
