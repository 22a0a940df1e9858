"""pika's own acceptance tests against `mqsim broker`.

    python -m tests.server.pika_acceptance                    # pika as it is installed here
    python -m tests.server.pika_acceptance --pika 1.3.2 --profile 4.3
    python -m tests.server.pika_acceptance --source DIR       # a tree of pika's that is here already

pika's releases on the package index hold no tests; Debian's source package does. It is fetched with apt from
the mirror that this machine uses, into a folder that goes when all is done; nothing of it enters this
repository. Exit status: 0 all passed, 1 some did not, 3 the tests can't be had here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from tests.conformance.chroots import mirror
from tests.server.box import Process

if TYPE_CHECKING:
    from collections.abc import Mapping

CAN_NOT_APPLY = {
    r"^twisted_adapter_tests$": "pika's adapter for Twisted, tried with stand-ins for the network: no server",
    r"^io_services_tests$": "sockets and loops of pika's own, and names of the internet: no server",
    r"\.test_with_select_kqueue$": "a poller of macOS and BSD; pika skips it elsewhere",
}
"""Modules of `tests/acceptance`, and names of tests, that are left out, each with the reason. The variants
with TLS are not there unless PIKA_TEST_TLS is set: `mqsim broker` speaks no TLS."""

DIFFERS = {
    r"\.TestInvalidExchangeTypeRaisesConnectionClosed\.": "503 closes the connection (3.10), 406 the channel "
    "(from 4.0 on); each release of pika's tests knows one of the two",
}
"""Names of tests that may fail, since they hold a server to another generation's rules."""

_SUITES = ("sid", "trixie")
_EXTRAS = ("tornado", "gevent")
_PORT = re.compile(r"\b5672\b")

# What pika 1.4 has no more of its support for Python 2, and tests of 1.3 still name.
_DRIVER = """
import json, sys, unittest
import pika, pika.compat
for name, value in {"PY3": True, "xrange": range}.items():
    if not hasattr(pika.compat, name):
        setattr(pika.compat, name, value)
suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
done = unittest.TextTestRunner(stream=open("log.txt", "w"), verbosity=2).run(suite)
wrong = [(case.id(), text) for case, text in done.failures + done.errors]
skipped = [(case.id(), text) for case, text in done.skipped]
print(json.dumps({"pika": pika.__version__, "ran": done.testsRun, "wrong": wrong, "skipped": skipped}))
"""


class NotHereError(RuntimeError):
    """pika's tests can't be had on this machine."""


def fetch(folder: Path) -> Path:
    """Get the source of pika from Debian's archive, the newest that is there, and unpack it.

    Raises:
        NotHereError: there is no apt, or the mirror has no sources of pika.
    """
    for suite in _SUITES:
        (folder / "sources.list").write_text(
            "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
            f"{_mirror_or_none()} {suite} main\n"
        )
        (folder / "state/lists/partial").mkdir(parents=True, exist_ok=True)
        settings = {
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State": folder / "state",
            "Dir::Cache": folder / "cache",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        for verb in (["update"], ["source", "--download-only", "python-pika"]):
            subprocess.run(
                ["apt-get", "-qq", *options, *verb],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=120,
            )
        # Of a source package only the original is needed; mirrors that keep part of it will do.
        for archive in sorted(folder.glob("python-pika_*.orig.tar.*")):
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
            return next(path.parent for path in folder.glob("*/tests"))
    raise NotHereError("this machine's mirror of Debian has no sources of pika")


def _mirror_or_none() -> str:
    try:
        return mirror()
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHereError("there is no apt here; name a tree of pika's with --source") from error


def prepare(source: Path, folder: Path, port: int) -> Path:
    """Copy the tests out of a tree of pika's, so that they find our port and not pika's own files."""
    mine = folder / "run"
    for path in sorted((source / "tests").rglob("*")):
        copy = mine / path.relative_to(source)
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            copy.write_bytes(_PORT.sub(str(port), data.decode()).encode() if path.suffix == ".py" else data)
    (mine / "tests/__init__.py").touch()
    return mine


def install(folder: Path, release: str | None) -> Path:
    """Install the loops that pika has adapters for, and another release of pika if asked, apart from ours."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    wanted = [*_EXTRAS, *([f"pika=={release}"] if release else [])]
    subprocess.run([*command, "--target", str(folder / "extras"), *wanted], check=True)
    return folder / "extras"


def run(source: Path, folder: Path, profile: str, release: str | None) -> int:
    """Run the tests; tell what was run, what failed and what was left out. The number that failed."""
    modules = sorted(path.stem for path in (source / "tests/acceptance").glob("*_test*.py"))
    with Process(profile, folder / "data") as broker:
        mine = prepare(source, folder, broker.port)
        path = os.pathsep.join([str(mine), str(install(folder, release))])
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _DRIVER,
                *(f"tests.acceptance.{name}" for name in modules if not _why_not(name)),
            ],
            cwd=mine,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=600,
        )
    if done.returncode:
        print("pika's tests did not run to their end:", (mine / "log.txt").read_text()[-2000:])
        return 1
    told = json.loads(done.stdout.splitlines()[-1])
    surprises = [(name, why) for name, why in told["skipped"] if not _why_not(name)]
    other = [name for name, _ in told["wrong"] if _why_not(name, DIFFERS)]
    wrong = [each for each in told["wrong"] if each[0] not in other] + surprises
    for name, text in wrong:
        print(f"{name}\n{text}")
    passed = told["ran"] - len(told["wrong"]) - len(told["skipped"])
    print(f"pika {told['pika']}, rules of {profile}: {passed} of its acceptance tests passed,")
    print(f"{len(wrong)} did not, {len(told['skipped']) - len(surprises)} can't apply:")
    for pattern, reason in CAN_NOT_APPLY.items():
        print(f"  {pattern.strip('^$').replace(chr(92), '').lstrip('.')}: {reason}")
    for each in other:
        print(f"  {each}: {_why_not(each, DIFFERS)}")
    return len(wrong) + (passed == 0)


def _why_not(name: str, table: Mapping[str, str] = CAN_NOT_APPLY) -> str:
    return next((why for pattern, why in table.items() if re.search(pattern, name)), "")


def _main() -> int:
    parser = argparse.ArgumentParser(description="pika's own acceptance tests against mqsim broker.")
    parser.add_argument("--source", type=Path, help="a tree of pika's with its tests; fetched unless told")
    parser.add_argument("--profile", default="3.10", help="whose rules apply")
    parser.add_argument("--pika", help="the release of pika that is tried, instead of the one installed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            source = given.source or fetch(folder)
        except NotHereError as error:
            print(f"NOT RUN: pika's acceptance tests. {error}")
            return 3
        return 1 if run(source, folder, given.profile, given.pika) else 0


if __name__ == "__main__":
    sys.exit(_main())
