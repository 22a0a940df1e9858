"""A filter of system calls (seccomp): a program may not start processes, open sockets, send signals, or ask
the kernel for what an exercise never needs. See seccomp(2).

The runtime needs none of them: a program's sockets and threads are made up. What is refused answers EPERM.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import NamedTuple

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_FILTER = 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000

# The instructions of the kernel's filter machine that are used here.
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16


class _Machine(NamedTuple):
    """One processor's numbers: its architecture's, those of three system calls, and those refused."""

    architecture: int
    clone: int
    clone3: int
    tgkill: int
    refused: tuple[int, ...]


_X86_64 = {
    "socket": 41,
    "connect": 42,
    "accept": 43,
    "bind": 49,
    "listen": 50,
    "socketpair": 53,
    "fork": 57,
    "vfork": 58,
    "execve": 59,
    "kill": 62,
    "shmget": 29,
    "shmat": 30,
    "semget": 64,
    "msgget": 68,
    "ptrace": 101,
    "setpgid": 109,
    "setsid": 112,
    "rt_sigqueueinfo": 129,
    "mknod": 133,
    "personality": 135,
    "pivot_root": 155,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "tkill": 200,
    "mq_open": 240,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "mknodat": 259,
    "unshare": 272,
    "accept4": 288,
    "rt_tgsigqueueinfo": 297,
    "perf_event_open": 298,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "memfd_create": 319,
    "bpf": 321,
    "execveat": 322,
    "userfaultfd": 323,
}
_AARCH64 = {
    "mknodat": 33,
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "chroot": 51,
    "personality": 92,
    "unshare": 97,
    "ptrace": 117,
    "kill": 129,
    "tkill": 130,
    "rt_sigqueueinfo": 138,
    "setpgid": 154,
    "setsid": 157,
    "mq_open": 180,
    "msgget": 186,
    "semget": 190,
    "shmget": 194,
    "shmat": 196,
    "socket": 198,
    "socketpair": 199,
    "bind": 200,
    "listen": 201,
    "accept": 202,
    "connect": 203,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "execve": 221,
    "rt_tgsigqueueinfo": 240,
    "perf_event_open": 241,
    "accept4": 242,
    "name_to_handle_at": 264,
    "open_by_handle_at": 265,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "memfd_create": 279,
    "bpf": 280,
    "execveat": 281,
    "userfaultfd": 282,
}
_EVERYWHERE = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsmount": 432,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
}

_MACHINES = {
    "x86_64": _Machine(0xC000003E, 56, 435, 234, (*_X86_64.values(), *_EVERYWHERE.values())),
    "aarch64": _Machine(0xC00000B7, 220, 435, 131, (*_AARCH64.values(), *_EVERYWHERE.values())),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def known() -> bool:
    """Whether there is a filter for this machine's processor, and its kernel takes filters."""
    return platform.machine() in _MACHINES and os.path.exists("/proc/sys/kernel/seccomp")


def instructions(pid: int, machine: str | None = None) -> bytes:
    """The filter as the kernel takes it.

    Args:
        pid: the only process that threads may send signals to: their own, as `abort` does.
        machine: the processor, as `platform.machine` calls it; by default this one.

    Raises:
        OSError: there is no filter for it.
    """
    name = machine or platform.machine()
    if name not in _MACHINES:
        raise OSError(_ENOSYS, f"there is no filter of system calls for {name}")
    here = _MACHINES[name]
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, here.architecture),
        (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        # The other numbering of the same processor (x32) would walk around all that follows.
        (_AT_LEAST, 0, 1, 0x40000000),
        (_ANSWER, 0, 0, _ERRNO | _EPERM),
        # The C library then takes `clone`, whose flags can be seen.
        (_EQUAL, 0, 1, here.clone3),
        (_ANSWER, 0, 0, _ERRNO | _ENOSYS),
        (_EQUAL, 0, 4, here.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_HAS_BIT, 0, 1, _CLONE_THREAD),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _ERRNO | _EPERM),
        (_EQUAL, 0, 4, here.tgkill),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_EQUAL, 0, 1, pid),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _ERRNO | _EPERM),
    ]
    for number in here.refused:
        code += [(_EQUAL, 0, 1, number), (_ANSWER, 0, 0, _ERRNO | _EPERM)]
    code.append((_ANSWER, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *each) for each in code)


def restrict() -> None:
    """Put this process under the filter, for good.

    Raises:
        OSError: the kernel refuses, or there is no filter for this processor.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    code = instructions(os.getpid())
    program = _Program(len(code) // 8, code)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "can't give up new privileges")
    if libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses the filter of system calls")
