"""The command line by which bubblewrap starts the fork server: what it sees, and who it is.

It sees Python, the installed packages, this package and the submission, all read-only, at the same paths as
outside; `/submission` is the submission. It sees no other file, no process and no network.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

SUBMISSION = "/submission"
ROOM = "/tmp"
_ROOM_SIZE = 8 << 20
_CAPABILITIES = ("SETUID", "SETGID", "KILL", "CHOWN", "DAC_OVERRIDE", "FOWNER")
_PACKAGES = ("site-packages", "dist-packages")
_DEVICES = ("null", "zero", "urandom", "random")


def program() -> str | None:
    """Where bubblewrap is; None: it is not installed."""
    return shutil.which("bwrap")


def needed() -> list[str]:
    """The folders and files without which the fork server does not start."""
    package = Path(__file__).resolve().parents[2]
    wanted = [
        *("/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/local/lib"),
        *(sys.base_prefix if sys.base_prefix not in ("/usr", "/usr/local") else "",),
        *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(os.path.abspath(path) for path in sys.path if os.path.basename(path) in _PACKAGES),
        os.path.realpath(sys.executable),
        str(package),
        str(package.parent / "ledger.py"),
    ]
    found: list[str] = []
    for path in wanted:
        if path and os.path.exists(path) and not any(_within(path, other) for other in found):
            found = [other for other in found if not _within(other, path)]
            found.append(path)
    return found


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def arguments(submission: Path, command: list[str], environment: dict[str, str]) -> list[str]:
    """Bubblewrap's command line.

    Args:
        submission: the folder with the submitted files.
        command: what runs inside.
        environment: all of its environment.
    """
    line = [
        program() or "bwrap",
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--hostname", "mqsim"),
    ]
    if os.getuid() == 0:
        line += ["--cap-drop", "ALL"]
        for name in _CAPABILITIES:
            line += ["--cap-add", f"CAP_{name}"]
    else:
        line += ["--unshare-user"]
    for name, value in environment.items():
        line += ["--setenv", name, value]
    shown = needed()
    for name in ("lib", "lib64", "lib32"):
        if os.path.islink(f"/{name}"):
            line += ["--symlink", f"usr/{name}", f"/{name}"]
        elif os.path.isdir(f"/{name}"):
            shown.append(f"/{name}")
    # bubblewrap makes parents that only their owner can enter; programs run as somebody else.
    for folder in sorted({above for path in shown for above in _parents(path)}):
        if not any(_within(folder, path) for path in shown):
            line += ["--perms", "0755", "--dir", folder]
    for path in shown:
        line += ["--ro-bind", path, path]
    line += ["--perms", "0755", "--dir", "/dev"]
    for name in _DEVICES:
        line += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    line += ["--ro-bind", str(submission), SUBMISSION]
    line += ["--perms", "0711", "--size", str(_ROOM_SIZE), "--tmpfs", ROOM]
    line += ["--chdir", "/", "--remount-ro", "/", "--", *command]
    return line


def _parents(path: str) -> list[str]:
    return [str(above) for above in Path(path).parents if str(above) != "/"]
