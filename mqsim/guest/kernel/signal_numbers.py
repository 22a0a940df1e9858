"""Numbers of signals, as on every Unix; Windows lacks most of their names, and guests have them there too."""

from __future__ import annotations

SIGHUP = 1
SIGINT = 2
SIGABRT = 6
SIGKILL = 9
SIGALRM = 14
SIGTERM = 15
SIGSTOP = 19

FATAL = frozenset({SIGHUP, SIGABRT, SIGALRM, SIGTERM})
"""Signals that end a process which has no handler for them."""
