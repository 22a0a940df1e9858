"""Guests and the interpreter that they share: none sees anything of another, and what is real stays real."""

from __future__ import annotations

import datetime
import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from mqsim.errors import UsageError
from mqsim.guest.carriers.in_process import InProcess
from mqsim.guest.program import Program
from mqsim.guest.shims import dispatch as hooks
from tests.guest.stage import Stage, play
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory


def test_what_is_real_stays_real_meanwhile() -> None:
    """A real echo, a real sleep and a real thread, at a moment when guests are in the middle of theirs."""
    stage = Stage(InProcess)
    stage.add(stage.program("import pika, time\ntime.sleep(10)\nprint(time.time())"))
    seen: list[object] = []

    def be_real() -> None:
        import pika

        began = time.perf_counter()
        time.sleep(0.05)
        seen.append(time.perf_counter() - began >= 0.05)
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer() -> None:
                with server.accept()[0] as accepted:
                    accepted.sendall(b"real")

            threading.Thread(target=answer).start()
            with socket.create_connection(server.getsockname()) as client:
                seen.append(client.recv(10))
            port = server.getsockname()[1]
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
        seen.append(abs(datetime.datetime.now().timestamp() - time.time()) < 5)
        seen.append(pika.adapters.select_connection._PollerBase._MAX_POLL_TIMEOUT)
        seen.append(logging.getLogger("pika.connection").isEnabledFor(logging.ERROR))

    stage.at(5.0, be_real)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    try:
        lines = stage.run()
        assert seen[:-1] == [True, b"real", True, 5]
    finally:
        logging.getLogger("pika").setLevel(logging.NOTSET)
    assert lines[0].split() == ["10.000000", "student", "1767225610.0"]


def test_two_guests_have_logging_threads_and_chance_of_their_own(carry: CarrierFactory) -> None:
    source = """
        import logging, os, random, sys, threading, time
        name = sys.argv[1]
        logging.basicConfig(level=name.upper(), format=name + " %(message)s", stream=sys.stdout)
        logging.info("info")
        logging.warning("warning")
        os.environ["MINE"] = name
        random.seed(5)
        time.sleep(1)
        thread = threading.Thread(target=lambda: print(threading.current_thread().name))
        thread.start()
        thread.join()
        print(os.environ, random.randrange(1000), threading.active_count())
        """
    stage = Stage(carry)
    for name in ("info", "error"):
        stage.add(stage.program(dedent(source).lstrip(), name, [name]))
    lines = [line.split(maxsplit=1)[1] for line in stage.run()]
    number = random.Random(5).randrange(1000)
    ledger = "'MQSIM_LEDGER': 'tcp://ledger:7070'"
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("info")] == [
        "info info",
        "info warning",
        "Thread-1 (<lambda>)",
        f"{{{ledger}, 'MINE': 'info'}} {number} 1",
        "* 0 0",
    ]
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("error")] == [
        "Thread-1 (<lambda>)",
        f"{{{ledger}, 'MINE': 'error'}} {number} 1",
        "* 0 0",
    ]
    assert "MINE" not in os.environ
    assert not logging.getLogger().handlers or all(
        "info" not in repr(h) for h in logging.getLogger().handlers
    )


def test_the_interpreter_is_as_it_was() -> None:
    before = (
        sys.stdout,
        sys.stderr,
        sys.stdin,
        sys.argv,
        list(sys.path),
        sys.modules["__main__"],
        sys.excepthook,
    )
    play(
        InProcess,
        """
import sys
sys.argv.append("x")
sys.path.clear()
sys.stdout = sys.stderr
sys.excepthook = print
print("to stderr")
import __main__
print(__main__.__name__, __main__.sys is sys, __file__)
1 / 0
""",
    )
    after = (
        sys.stdout,
        sys.stderr,
        sys.stdin,
        sys.argv,
        list(sys.path),
        sys.modules["__main__"],
        sys.excepthook,
    )
    assert after == before


def test_each_keeps_what_it_changed_in_sys(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    for name in ("a", "b"):
        source = f"import sys, time\nsys.argv.append({name!r})\ntime.sleep(1)\nprint(sys.argv[1:])"
        stage.add(stage.program(source, name))
    assert [line.split(maxsplit=2)[2] for line in stage.run()] == ["['a']", "* 0 0", "['b']", "* 0 0"]


def test_own_modules_beside_the_file(carry: CarrierFactory, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(
        "import time\nname = __name__\ncount = 0\nbegan = time.monotonic()\n"
    )
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("from .till import price\n")
    (tmp_path / "shop" / "till.py").write_text(
        "from . import rates\nimport settings\ndef price():\n    return rates.TAX\n"
    )
    (tmp_path / "shop" / "rates.py").write_text("TAX = 19\n")
    (tmp_path / "queue.py").write_text("mine = True\n")
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    main = tmp_path / "main.py"
    main.write_text(
        dedent(
            """
            import importlib, queue, settings, shop.till as till, shop
            from shop import rates
            settings.count += 1
            print(settings.name, settings.count, settings.began)
            print(till.price(), rates.TAX, shop.price(), queue.mine)
            print(importlib.import_module("settings") is settings)
            for name in ("missing", "shop.missing", "settings.missing", "os.missing"):
                try:
                    __import__(name)
                except ModuleNotFoundError as error:
                    print(error.name)
            from shop import missing
            """
        )
    )
    stage = Stage(carry)
    for name in ("one", "two"):
        stage.add(Program.from_file(name, main))
    lines = [line[26:] for line in stage.run()]
    one = lines[: len(lines) // 2]
    assert lines[len(lines) // 2 :] == one
    assert one[:7] == [
        "settings 1 1000.0",
        "19 19 19 True",
        "True",
        "missing",
        "shop.missing",
        "settings.missing",
        "os.missing",
    ]
    assert one[-2].startswith("! ImportError: cannot import name 'missing'")
    assert '!   File "main.py", line 13, in <module>' in one
    assert "settings" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


def test_classes_of_own_modules_are_found_by_their_module(carry: CarrierFactory, tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Point:\n    x: int\n    y: float = 0.5\n"
    )
    main = tmp_path / "main.py"
    main.write_text(
        "import pickle, time, typing\n"
        "import shapes\n"
        "time.sleep(1)\n"
        "print(pickle.loads(pickle.dumps(shapes.Point(3))), typing.get_type_hints(shapes.Point))\n"
    )
    stage = Stage(carry)
    for number in (1, 2):
        stage.add(Program.from_file(f"p{number}", main))
    lines = stage.run()
    printed = "Point(x=3, y=0.5) {'x': <class 'int'>, 'y': <class 'float'>}"
    assert [line.split(maxsplit=2)[2] for line in lines] == [printed, "* 0 0"] * 2
    assert "shapes" not in sys.modules


def test_a_failure_in_an_own_module_names_it(carry: CarrierFactory, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").write_text("")
    (tmp_path / "lib" / "work.py").write_text("def divide(x):\n    return 1 / x\n")
    main = tmp_path / "main.py"
    main.write_text("from lib.work import divide\ndivide(0)\n")
    stage = Stage(carry)
    stage.add(Program.from_file("m", main))
    assert [line[26:] for line in stage.run()] == [
        "! Traceback (most recent call last):",
        '!   File "main.py", line 2, in <module>',
        "!     divide(0)",
        '!   File "lib/work.py", line 2, in divide',
        "!     return 1 / x",
        "! ZeroDivisionError: division by zero",
        "* 1 0",
    ]


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.py: the program can't be read"):
        Program.from_file("x", "nowhere.py")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no Python text"):
        Program.from_file("x", tmp_path / "x.py")


def test_killed_guests_print_nothing_when_the_interpreter_ends() -> None:
    script = dedent(
        """
        from mqsim.guest.carriers.in_process import InProcess
        from tests.guest.stage import Stage
        stage = Stage(InProcess)
        source = "import threading, time\\ntry:\\n    time.sleep(9)\\nfinally:\\n    print('never')\\n"
        guest = stage.add(stage.program(source))
        stage.at(1.0, guest.kill)
        print(stage.run())
        """
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == "['    1.000000  student     * 137 9 killed']\n"
    assert done.stderr == ""


def test_everything_in_pika_that_could_wait_is_replaced() -> None:
    """Nothing real is left in the globals of what guests can use of pika."""
    import asyncio  # noqa: F401

    import pika.adapters.asyncio_connection
    import pika.adapters.select_connection  # noqa: F401

    hooks.adopt_all()
    waits = {
        id(sys.modules[name]): name for name in ("time", "socket", "select", "threading", "uuid", "asyncio")
    }
    left = [
        (name, attribute)
        for name, module in sorted(sys.modules.items())
        if name.startswith("pika.")
        for attribute, value in vars(module).items()
        if id(value) in waits
    ]
    assert left == []


def test_every_name_in_the_table_is_there() -> None:
    import importlib

    hooks.install()
    for module, names in hooks.PIKA.items():
        for name in names:
            assert isinstance(vars(importlib.import_module(module))[name], hooks.Dispatch), (module, name)


def test_another_library_sleeps_in_virtual_time(
    carry: CarrierFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "retrying_lib.py").write_text(
        "import time\nfrom time import sleep\n"
        "def nap():\n    time.sleep(100)\n    sleep(100)\n    return time.monotonic()\n"
    )
    source = f"import sys\nsys.path.append({str(site)!r})\nimport retrying_lib\nprint(retrying_lib.nap())\n"
    began = time.perf_counter()
    assert play(carry, source)[0].split()[-1] == "1200.0"
    assert time.perf_counter() - began < 200, "it slept for real"
