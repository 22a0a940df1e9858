"""Runs Eclipse Paho's interoperability suite against a server: python -m tests.mqtt.paho_suite FOLDER PORT.

FOLDER is `interoperability` of a checkout of https://github.com/eclipse/paho.mqtt.testing, whose code is not
part of this project. Each case runs in a process of its own with a time limit, one after the other. The
server needs the limits that the cases ask for:

    mqsim broker --mqtt-port 1883 --mqtt-limit keep_alive=60 --mqtt-limit receive_maximum=20 \
        --mqtt-limit denied=test/nosubscribe
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# Its own command line hands the port on to unittest, which does not know it.
_ONE = """
import runpy, sys, unittest
file, port, case = sys.argv[1:]
main = unittest.main
unittest.main = lambda: main(argv=[file, case])
sys.argv = [file, "-p", port]
sys.path.insert(0, ".")
runpy.run_path(file, run_name="__main__")
"""
LIMIT = 120
"""Seconds that a case may take."""


def cases(file: Path) -> list[str]:
    """The names of a file's cases."""
    text = file.read_text(encoding="utf-8")
    (owner,) = re.findall(r"^class (\w+)\(unittest\.TestCase\)", text, re.MULTILINE)
    return [f"{owner}.{name}" for name in re.findall(r"^    def (test\w+)\(self\)", text, re.MULTILINE)]


def passes(file: Path, case: str, port: int) -> tuple[bool, str]:
    """Whether a case passes, and what it printed."""
    command = [sys.executable, "-c", _ONE, file.name, str(port), case]
    try:
        done = subprocess.run(
            command, cwd=file.parent, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return False, "it took too long"
    return done.returncode == 0 and "\nOK" in done.stderr, done.stdout + done.stderr


def main(folder: Path, port: int) -> int:
    """Run all cases, and tell how many of each file passed."""
    failed = 0
    for name in ("client_test.py", "client_test5.py"):
        good = 0
        names = cases(folder / name)
        for case in names:
            ok, told = passes(folder / name, case, port)
            good += ok
            if not ok:
                print(f"{name} {case} failed\n{told}")
        print(f"{name}: {good} of {len(names)}", flush=True)
        failed += len(names) - good
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
