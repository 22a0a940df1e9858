"""The command line: `mqsim run`, `schema`, `demo`."""

from mqsim.cli.main import main

__all__ = ["main"]
