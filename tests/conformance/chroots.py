"""Debian trees with other generations of RabbitMQ, and a server to try by hand.

python tests/conformance/chroots.py make --version 4.0 --chroot DIR
python tests/conformance/chroots.py run --version 4.0 --chroot DIR
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.servers import LOOPBACK, SUITES, RealBroker, ServerError


def make_chroot(version: str, folder: Path) -> None:
    """Make a Debian tree with that generation of RabbitMQ; some 400 MB and two minutes. Needs root.

    The mirror is the one that this machine's apt is configured to use.

    Raises:
        ServerError: when debootstrap is missing, the folder is not empty, or a step fails.
    """
    if shutil.which("debootstrap") is None:
        raise ServerError("debootstrap is missing: apt-get install debootstrap")
    if RealBroker.available(folder):
        return
    if folder.exists() and any(folder.iterdir()):
        raise ServerError(f"{folder} is not empty and holds no RabbitMQ; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    suite = SUITES[version]
    _run(["debootstrap", "--variant=minbase", suite, str(folder), mirror()])
    policy = folder / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    hosts = folder / "etc/hosts"
    if not hosts.exists():
        hosts.write_text(f"{LOOPBACK} localhost\n")
    install = "mount -t proc proc /proc && apt-get install -y --no-install-recommends rabbitmq-server"
    clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LC_ALL=C.UTF-8"]
    namespace = ["unshare", "--mount", "--propagation", "private"]
    noninteractive = "DEBIAN_FRONTEND=noninteractive"
    _run([*namespace, *clean, noninteractive, "chroot", str(folder), "sh", "-c", install])
    shutil.rmtree(folder / "var/cache/apt/archives", ignore_errors=True)


def mirror() -> str:
    """The address that this machine's apt takes Debian's main archive from."""
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"],
        capture_output=True,
        text=True,
        check=True,
    )
    for address in answer.stdout.split():
        if "security" not in address:
            return address
    raise ServerError("apt's configuration names no archive with Debian's main component")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ServerError(f"{command[0]} failed: {done.stdout.strip()[-1500:]}")


def _main() -> int:
    parser = argparse.ArgumentParser(description="Real RabbitMQ servers on loopback.")
    parser.add_argument("action", choices=["make", "run"])
    parser.add_argument("--version", choices=sorted(SUITES), default="3.10")
    parser.add_argument(
        "--chroot", type=Path, help="the folder of the Debian tree; outside of the repository"
    )
    given = parser.parse_args()
    try:
        if given.action == "make":
            if given.chroot is None:
                parser.error("make needs --chroot DIR")
            make_chroot(given.version, given.chroot)
            return 0
        with RealBroker(given.version, given.chroot) as broker:
            print(f"RabbitMQ {broker.full_version} on 127.0.0.1:{broker.port}; Ctrl-C ends it", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(_main())
