"""The oldest pika that mqsim accepts, beside the newest, which all other tests use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pika
import pytest

from tests.outside import PATIENCE, missing

OLDEST = "1.3.2"
ROOT = Path(__file__).parents[2]
TESTS = ("tests/guest/test_pika.py", "tests/programs/test_tutorials.py", "tests/programs/test_pairs.py")


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the oldest pika, made by pip."""
    folder = tmp_path_factory.mktemp("pika")
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--target", str(folder), f"pika=={OLDEST}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if done.returncode:
        missing(f"pip install pika=={OLDEST} did not work: {done.stderr.strip().splitlines()[-1:]}")
    return folder


def test_the_other_is_another_minor_version_at_the_lower_end_of_the_range() -> None:
    assert OLDEST.split(".")[:2] != pika.__version__.split(".")[:2]
    assert f'"pika>={OLDEST},<' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.timeout(300)
def test_programs_run_with_the_oldest_pika_too(oldest: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(oldest), str(ROOT)])}
    check = f"import pika; assert pika.__version__ == '{OLDEST}' and pika.__file__.startswith('{oldest}')"
    subprocess.run([sys.executable, "-c", check], env=environment, check=True, timeout=PATIENCE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, "-k", "not real_"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert " failed" not in done.stdout
