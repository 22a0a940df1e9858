"""All the set-up in one command: `python bootstrap.py demo`, or lab, site, test, bench, check, fast, clean.

It makes a virtual environment in `.venv`, installs mqsim and no more than the verb needs into it, at the
releases that `constraints.txt` pins, and then does what the verb says. A second run finds the environment as
it left it and starts at once. What the verb's own program returns is what this program returns.

Only the standard library is used. The file must still be *read* by Python 3.6, so that an old Python can say
that it is too old: no newer syntax, and nothing newer from the library above the version check.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
MARK = VENV / "made-by-bootstrap.json"
DRAFT = VENV / "made-by-bootstrap.new"
OLDEST = (3, 11)
UNFINISHED = {"state": "unfinished"}

VERBS = {
    "demo": "the main job: what a message queue is for, told by four small runs",
    "lab": "the course notebooks, in JupyterLab (what follows is handed to it)",
    "site": "the course as a site in build/site: lessons that play, slides, the reference",
    "test": "the tests, but for the long ones (what follows is handed to pytest)",
    "validate": "the validation suite's long form: theory against simulation, and docs/validation.md",
    "bench": "the benchmark (what follows is handed to it)",
    "check": "ruff and mypy; eslint and tsc for the scripts, where Node is",
    "fast": "the compiled twin of the model, compiled ahead: long runs start at once then",
    "env": "only the environment; name extras to have them too, such as `env notebooks plan`",
    "clean": "remove the environment and every cache",
}
EXTRAS = {
    "lab": ["notebooks"],
    "site": ["site"],
    **{verb: ["dev"] for verb in ("test", "validate", "bench", "check")},
    "fast": ["fast"],
}
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")


class SetupError(Exception):
    """What stopped the set-up, in one sentence that says what to do next."""


def main(argv: "list[str]") -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Set mqsim up in .venv, then:",
        epilog="\n".join("  {:8} {}".format(verb, what) for verb, what in VERBS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=list(VERBS), metavar="VERB", help="one of " + ", ".join(VERBS))
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="handed to what the verb runs")
    chosen = parser.parse_args(argv)
    try:
        check_python()
        if chosen.verb == "clean":
            return clean()
        if chosen.verb == "lab":
            check_user(chosen.rest)
        extras = known_extras(chosen.rest) if chosen.verb == "env" else EXTRAS.get(chosen.verb, [])
        with one_at_a_time():
            python = make_environment(extras)
        return run_verb(chosen.verb, python, chosen.rest)
    except SetupError as error:
        print("bootstrap: {}".format(error), file=sys.stderr)
        return 2
    except OSError as error:
        print("bootstrap: {}; nothing more was done.".format(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nbootstrap: interrupted; run the same command again.", file=sys.stderr)
        return 130


def check_python() -> None:
    """Raise SetupError unless this Python is new enough and can make environments."""
    if sys.version_info[:2] < OLDEST:
        raise SetupError(
            "this is Python {}.{}, and mqsim needs {}.{} or later; name a newer one, such as "
            "`make PYTHON=python3.12 demo` or `python3.12 bootstrap.py demo`.".format(
                *sys.version_info[:2], *OLDEST
            )
        )
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise SetupError(
            "this Python can't make virtual environments; on Debian and Ubuntu `apt install python3-venv` "
            "mends that, elsewhere a Python from python.org has all that it takes."
        )


def check_user(words: "list[str]") -> None:
    """Raise SetupError where JupyterLab would refuse to run as root, before anything is installed for it."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not {"--allow-root", "--help"} & set(words):
        raise SetupError(
            "you are root, and as root a notebook could change everything on this machine. Run it as another "
            "user, or, in a container of your own, as `make lab ARGS=--allow-root`."
        )


def known_extras(names: "list[str]") -> "list[str]":
    """The names, when pyproject.toml has an extra of each; else SetupError."""
    import tomllib

    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for name in names:
        if name not in known:
            raise SetupError("there is no extra {!r}; there are {}.".format(name, ", ".join(known)))
    return names


@contextlib.contextmanager
def one_at_a_time() -> "object":
    """Hold a lock on the environment, so that two commands in two terminals don't build it at once."""
    with (ROOT / ".bootstrap.lock").open("a+") as file:
        try:
            import fcntl
        except ImportError:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_environment(extras: "list[str]") -> Path:
    """Bring `.venv` up to date with at least these extras and return its Python."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    mark = read_mark()
    usable = mark.get("base") == base() and python.exists()
    # An environment that has more than this verb needs keeps what it has.
    wanted = sorted(set(extras) | set(mark.get("extras", []))) if usable else sorted(set(extras))
    finished = {"state": "finished", "base": base(), "extras": wanted, "inputs": inputs(wanted)}
    if usable and mark == finished:
        return python
    if not usable:
        make_empty_venv()
        mark = {"state": "finished", "base": base(), "extras": [], "inputs": ""}
    what = "mqsim" + ("[{}]".format(",".join(wanted)) if wanted else "")
    say("installing {} into .venv (once; a minute or so)".format(what))
    write_mark(UNFINISHED)
    install(python, wanted, mark)
    write_mark(finished)
    return python


def read_mark() -> "dict":
    """What the environment's own stamp says; empty when there is no environment yet."""
    if not VENV.exists() and not VENV.is_symlink():
        return {}
    try:
        mark = json.loads(MARK.read_text(encoding="utf-8"))
        return mark if isinstance(mark, dict) else UNFINISHED
    except ValueError:
        return UNFINISHED
    except FileNotFoundError:
        if VENV.is_dir() and not any(path != DRAFT for path in VENV.iterdir()):
            return UNFINISHED
        raise SetupError(
            "{} was not made by bootstrap.py, so it is left alone; move or delete it and run again.".format(
                VENV
            )
        ) from None


def write_mark(mark: "dict") -> None:
    """Leave the stamp in one step, so that an interruption can't halve it."""
    DRAFT.write_text(json.dumps(mark), encoding="utf-8")
    os.replace(str(DRAFT), str(MARK))


def base() -> "list[str]":
    """What an environment is bound to for life: the kind of Python, and the folder that it names inside."""
    return [sys.implementation.cache_tag, str(ROOT)]


def inputs(extras: "list[str]") -> str:
    """A digest of all that decides what is installed."""
    digest = hashlib.blake2b(digest_size=16)
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    digest.update(" ".join(extras).encode())
    return digest.hexdigest()


def make_empty_venv() -> None:
    """Make `.venv` anew; one that an interruption left half made goes first."""
    if Path(sys.prefix).resolve() == VENV.resolve() and VENV.exists():
        raise SetupError("the environment has to be made anew, but it is active; `deactivate` and run again.")
    if VENV.exists():
        say("removing the environment that is out of date or half made")
        remove_environment()
    say("making .venv with Python {}.{}".format(*sys.version_info[:2]))
    VENV.mkdir()
    write_mark(UNFINISHED)
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        detail = done.stdout.decode(errors="replace").strip()
        raise SetupError("`python -m venv` did not work; it said: {}".format(detail or done.returncode))


def remove_environment() -> None:
    """Remove `.venv`, its stamp last: an interruption must not make it look like somebody else's."""
    write_mark(UNFINISHED)
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif path != MARK:
            path.unlink()
    MARK.unlink()
    VENV.rmdir()


def install(python: Path, extras: "list[str]", before: "dict") -> None:
    """Let pip install the project with these extras, and check what came of it."""
    project = ".[{}]".format(",".join(extras)) if extras else "."
    command = ["install", "--disable-pip-version-check", "-c", "constraints.txt", "-e", project]
    status, lines = pip(python, command)
    if status != 0:
        # pip fetches everything before it touches anything, so the environment is as it was.
        write_mark(before)
        raise SetupError(why_pip_failed(lines))
    status, lines = pip(python, ["check", "--disable-pip-version-check"])
    if status != 0:
        raise SetupError(
            "what was installed does not fit ({}); run again to start afresh.".format("; ".join(lines))
        )


def pip(python: Path, arguments: "list[str]") -> "tuple[int, list[str]]":
    """Run pip in the environment, show on a terminal what it is at, and return its status and its lines."""
    width = shutil.get_terminal_size().columns - 1
    shows = sys.stderr.isatty()
    lines = []
    command = [str(python), "-m", "pip", *arguments]
    with subprocess.Popen(
        command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    ) as process:
        for raw in process.stdout:
            line = raw.decode(errors="replace").strip()
            lines.append(line)
            if shows:
                print("\r" + ("  " + line)[:width].ljust(width), end="", file=sys.stderr, flush=True)
    if shows:
        print("\r" + " " * width + "\r", end="", file=sys.stderr, flush=True)
    return process.returncode, lines


def why_pip_failed(lines: "list[str]") -> str:
    """One sentence out of what pip printed."""
    text = "\n".join(lines)
    errors = " ".join([line for line in lines if line.startswith("ERROR")] or lines[-1:])
    signs = ("connection broken", "NewConnection", "name resolution", "is unreachable", "timed out")
    if any(sign in text for sign in signs):
        advice = "check the network or `pip config list`, then run again"
        return "pip can't reach its package index; {} ({}).".format(advice, errors)
    if "No space left" in text:
        return "the disk is full; make room and run again."
    return "pip could not install mqsim; it said: {}".format(errors)


def run_verb(verb: str, python: Path, rest: "list[str]") -> int:
    """Run what the verb is for, in the environment, and return its exit status."""
    if verb == "demo":
        status = run([str(python.parent / "mqsim"), "demo", *rest])
        if status == 0:
            say_what_next(python.parent)
        return status
    if verb == "lab":
        return run([str(python.parent / "mqsim"), "lab", *rest])
    if verb == "site":
        return make_site(python, rest)
    if verb == "test":
        # A whole run is worth two processes; a run of one file, or with options, is not.
        usual = ["-n", "auto", "--dist", "loadgroup", "-m", "not long"]
        return run([python, "-m", "pytest", *(rest or usual)])
    if verb == "validate":
        return run([python, "-m", "tests.validation.run", *rest])
    if verb == "bench":
        return run([python, "benchmarks/run.py", *rest])
    if verb == "fast":
        return run([python, "-m", "mqsim.twin.ahead"])
    if verb == "check":
        checks = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"])
        failed = next((status for status in (run([python, "-m", *check]) for check in checks) if status), 0)
        return failed or check_scripts()
    say("ready: {}".format(python))
    return 0


def make_site(python: Path, rest: "list[str]") -> int:
    """Build the site, and say where it is; a warning is an error."""
    status = run([python, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", *rest, ".", "build/site"])
    if status == 0:
        say("open {}".format(ROOT / "build" / "site" / "index.html"))
    return status


def check_scripts() -> int:
    """Lint and type-check the widgets' scripts, with the tools that package-lock.json pins."""
    npm = shutil.which("npm")
    if npm is None:
        say("npm is not on this machine, so the scripts were not checked (eslint, tsc).")
        # The continuous integration has to have it.
        return 1 if os.environ.get("CI") else 0
    lock, installed = ROOT / "package-lock.json", ROOT / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        status = run([npm, "ci", "--silent"])
        if status:
            say("npm could not install eslint and typescript; `npm ci` tells why.")
            return status
        os.utime(str(installed))
    return run([npm, "run", "--silent", "check"])


def run(command: "list[object]") -> int:
    """Run a command in the project's folder; a signal that ends it becomes 128 + its number."""
    sys.stdout.flush()
    status = subprocess.run([str(word) for word in command], cwd=str(ROOT), check=False).returncode
    return 128 - status if status < 0 else status


def say_what_next(scripts: Path) -> None:
    """After the demo, which names commands: how they are called here, and what there is to read."""
    where = scripts if Path.cwd() != ROOT else scripts.relative_to(ROOT)
    activate = "{}".format(where / "activate") if os.name == "nt" else "source {}".format(where / "activate")
    print(
        "\nHere the command `mqsim` is {}; after `{}` it is `mqsim` alone.\n"
        "To read: README.md, lessons/README.md, notebooks/README.md.".format(where / "mqsim", activate)
    )


def clean() -> int:
    """Remove the environment, when it is ours, and the caches."""
    if read_mark():
        remove_environment()
    for name in CACHES:
        for path in [ROOT / name, *(ROOT / "mqsim").rglob(name), *(ROOT / "tests").rglob(name)]:
            shutil.rmtree(str(path), ignore_errors=True)
    shutil.rmtree(str(ROOT / "node_modules"), ignore_errors=True)
    say("clean")
    return 0


def say(sentence: str) -> None:
    """Tell what is going on, apart from what the verb's program prints."""
    print("bootstrap: {}".format(sentence), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
