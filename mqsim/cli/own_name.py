"""How a reader calls `mqsim` here: advice that names the command must work as it stands."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def remind() -> None:
    """Where `mqsim` alone would not be found, say on standard error how it is called instead."""
    called = Path(sys.argv[0])
    if called.stem != "mqsim" or shutil.which("mqsim") is not None:
        return
    shown = min(os.path.relpath(called), str(called.absolute()), key=len)
    activate = Path(shown).with_name("activate")
    ways = f"write {shown}"
    if (called.parent / "activate").is_file():
        ways += f", or run `source {activate}` once in this terminal"
    print(f"mqsim: the command `mqsim` is not on your PATH: {ways}.", file=sys.stderr)
