"""Landlock: a process gives up the right to files, networks and signals outside a few folders, for good.

By the kernel's own three system calls (Linux 5.13 and later; signals from 6.12). See landlock(7).
"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_BITS_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights to files a version of Landlock knows."""


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


_libc = ctypes.CDLL(None, use_errno=True)


def _call(*arguments: object) -> int:
    done: int = _libc.syscall(*arguments)
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return done


def version() -> int:
    """Which version of Landlock this kernel has; 0 is none."""
    try:
        return _call(_CREATE, None, 0, _VERSION)
    except OSError:
        return 0


def ruleset(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Rules by which files can be read in some folders and written in others, no port can be bound or
    connected to, and no signal sent out.

    Args:
        readable: folders or files to be read.
        writable: folders in which all is allowed but to run programs.

    Returns:
        A descriptor, for `restrict`.

    Raises:
        OSError: the kernel has no Landlock, or a folder does not exist.
    """
    known = version()
    rights = (1 << _BITS_OF_VERSION.get(known, 16)) - 1
    attributes = _Attributes(rights, 3 if known >= 4 else 0, 3 if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = _call(_CREATE, ctypes.byref(attributes), size, 0)
    for path in readable:
        _allow(rules, path, READ_FILE | READ_DIR | EXECUTE)
    for path in writable:
        _allow(rules, path, rights & ~EXECUTE)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= EXECUTE | WRITE_FILE | READ_FILE | (1 << 14)
        rule = _Beneath(rights, descriptor)
        _call(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def restrict(rules: int) -> None:
    """Put this process under the rules, for good, and all that it starts.

    Raises:
        OSError: the kernel refuses.
    """
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "can't give up new privileges")
    _call(_RESTRICT_SELF, rules, 0)
