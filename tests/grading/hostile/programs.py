"""Submissions that mean harm: what each tries, and what must come of it.

Most try something, and then work as they should. Where the attempt succeeds the program tells so itself, in the
ledger, with a key that begins with ESCAPED; the exercise has a check that looks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import indent

PRODUCER = """
import sys
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
for task in sys.argv[1:]:
    channel.basic_publish(exchange="", routing_key="task_queue", body=task)
connection.close()
"""

_CONSUMER = """
import time
import pika
import ledger
{before}

def work(channel, method, properties, body):
{inside}
    time.sleep(body.count(b"."))
    ledger.record(body.decode())
    channel.basic_ack(method.delivery_tag)
{behind}

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=work)
{then}
channel.start_consuming()
"""

_REAL_SYSTEM = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
"""

EVERYTHING, NOTHING = 10.0, 0.0


def consumer(before: str = "", inside: str = "", behind: str = "", then: str = "") -> str:
    """A right consumer with further code at four places."""
    return _CONSUMER.format(
        before=before, inside=indent(inside, "    "), behind=indent(behind, "    "), then=then
    )


def tried(attempt: str, success: str = "True") -> str:
    """Code that tries something, and tells the ledger if it succeeds."""
    return (
        f"import ledger\ntry:\n{indent(attempt.strip(), '    ')}\n    _well = {success}\n"
        "except BaseException:\n    _well = False\n"
        "if _well:\n    ledger.record('ESCAPED ' + repr(_well)[:80])\n"
    )


@dataclass(frozen=True)
class Hostile:
    """A submission.

    Attributes:
        files: by name; a right producer is added.
        score: what it must get; None: no score.
        state: the verdict's state.
        says: what the verdict must say somewhere.
        slow: whether it takes longer than a few seconds.
    """

    files: dict[str, str | bytes]
    score: float | None = EVERYTHING
    state: str = "passed"
    says: str = ""
    slow: bool = False
    lacks: tuple[str, ...] = field(default=())


def harmless(before: str = "", **others: str) -> Hostile:
    """What it tries fails, and its work is right: full marks."""
    return Hostile({"consumer.py": consumer(before, **others)})


def nothing(source: str, says: str = "", state: str = "failed") -> Hostile:
    """A consumer that gets no points."""
    return Hostile({"consumer.py": source}, NOTHING, state, says)


def some(score: float, source: str, says: str = "", state: str = "failed") -> Hostile:
    """A consumer that gets some points."""
    return Hostile({"consumer.py": source}, score, state, says)


def syscall(number: int, *arguments: str) -> str:
    """A system call by its number, with the runtime passed by; it succeeds unless it answers -1."""
    return f"{_REAL_SYSTEM}_answer = libc.syscall({', '.join([str(number), *arguments])})"


CASES: dict[str, Hostile] = {
    # -- ends ------------------------------------------------------------------------------------------------
    "exits_at_import": nothing("import sys\nsys.exit(0)\n", "was recorded 0 times"),
    "exits_at_once": nothing("import os\nos._exit(0)\n", "was recorded 0 times"),
    "exits_past_the_runtime": nothing("import posix\nposix._exit(0)\n", "was recorded 0 times"),
    "keyboard_interrupt_at_import": nothing("raise KeyboardInterrupt\n", "was recorded 0 times"),
    "generator_exit_at_import": nothing("raise GeneratorExit\n", "was recorded 0 times"),
    "own_base_exception": nothing(
        "class Mine(BaseException):\n    def __str__(self): raise SystemExit(0)\nraise Mine\n",
        "was recorded 0 times",
    ),
    "exits_in_callback": some(0, consumer(inside="import sys\nsys.exit(0)"), "was recorded 0 times"),
    "exits_at_once_in_callback": some(0, consumer(inside="import os\nos._exit(0)"), "was recorded 0 times"),
    "base_exception_in_callback": some(0, consumer(inside="raise GeneratorExit"), "was recorded 0 times"),
    "acknowledges_and_exits": some(
        0, consumer(inside="channel.basic_ack(method.delivery_tag)\nimport os\nos._exit(0)")
    ),
    "crashes_the_interpreter": nothing("import ctypes\nctypes.string_at(0)\n", "was recorded 0 times"),
    "aborts": nothing("import ctypes\nctypes.CDLL(None).abort()\n", "was recorded 0 times"),
    "stops_itself": nothing(
        "import ctypes, posix\nctypes.CDLL(None).kill(posix.getpid(), 19)\nwhile True: pass\n",
        state="timeout",
    ),
    "endless_recursion": nothing("def f(): f()\nf()\n", "was recorded 0 times"),
    "recursion_in_c": nothing(
        "import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)\n"
    ),
    # -- forgeries -------------------------------------------------------------------------------------------
    "prints_a_verdict": nothing(
        'print(\'{"exercise": "00_two_tasks", "score": 10, "state": "passed"}\')\n', "was recorded 0 times"
    ),
    "writes_results": nothing(
        "for name in ('results.json', '/autograder/results/results.json', '../results.json'):\n"
        "    try: open(name, 'w').write('{\"score\": 10}')\n    except OSError: pass\n",
        "was recorded 0 times",
    ),
    "equals_everything": some(
        6,
        consumer(
            "class Same(str):\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n"
            "    def __str__(self): return self\n"
        ).replace("ledger.record(body.decode())", "ledger.record(Same('x'))"),
        "was recorded 0 times",
    ),
    "records_without_work": some(
        4, "import ledger\nfor task in ('a.', 'b..'): ledger.record(task)\n", "Nothing was delivered"
    ),
    "odd_numbers_in_the_ledger": some(
        0,
        consumer().replace("ledger.record(body.decode())", "ledger.record(body.decode(), float('nan'))"),
        "was recorded 0 times",
    ),
    "sleeps_odd_times": some(
        7, consumer().replace('time.sleep(body.count(b"."))', "time.sleep(1e-9)"), "took no"
    ),
    "sleeps_not_a_number": some(0, consumer(inside="time.sleep(float('nan'))"), "was recorded 0 times"),
    "lone_surrogates": some(
        0, consumer().replace("ledger.record(body.decode())", "ledger.record('\\ud800')"), "was recorded 0"
    ),
    "pickles": harmless(
        tried(
            "import pickle\npickle.loads(b\"cposix\\nsystem\\n(S'touch /tmp/pickled'\\ntR.\")\nimport os.path",
            "open('/tmp/pickled')",
        )
    ),
    "patches_the_checks": harmless(
        tried(
            "import mqsim.grading.expectations as e\ne.expect = lambda *_: None\n"
            "import mqsim.grading.verdict as v\nv.State.FAILED._value_ = 'passed'",
            "False",
        )
    ),
    "patches_pytest": nothing(
        "try:\n    import pytest\n    pytest.fail = lambda *_, **__: None\nexcept Exception: pass\n",
        "was recorded 0 times",
    ),
    "patches_time": some(7, consumer("time.sleep = lambda seconds: None"), "took no"),
    "patches_pika": some(
        0,
        consumer("pika.BlockingConnection = lambda *_: __import__('sys').exit(0)"),
        "was recorded 0 times",
    ),
    "patches_builtins": nothing(
        "import builtins\nbuiltins.print = builtins.len = builtins.open = None\n" + consumer(),
        "its process has died",
    ),
    "empties_sys_modules": harmless(
        "import sys\nfor name in [n for n in sys.modules if n.startswith('mqsim.grading')]: del sys.modules[name]"
    ),
    "plants_a_ledger": Hostile(
        {"consumer.py": consumer(), "ledger.py": "def record(key, value=None): pass\n"},
        6,
        "failed",
        "was recorded 0 times",
    ),
    "plants_pika": Hostile(
        {"consumer.py": consumer(), "pika.py": "raise SystemExit(0)\n"}, NOTHING, "failed", "recorded 0 times"
    ),
    "plants_sitecustomize": Hostile(
        {
            "consumer.py": consumer(),
            "sitecustomize.py": "raise SystemExit(0)\n",
            "usercustomize.py": "raise SystemExit(0)\n",
            "conftest.py": "raise SystemExit(0)\n",
            "mqsim/__init__.py": "raise SystemExit(0)\n",
            "exercise.py": "raise SystemExit(0)\n",
        }
    ),
    "plants_json": Hostile({"consumer.py": consumer(), "struct.py": "raise SystemExit(0)\n"}),
    # -- reaching out ----------------------------------------------------------------------------------------
    "reads_system_files": harmless(
        tried("_found = open('/etc/passwd').read() + open('/root/.bashrc').read()", "_found")
    ),
    "reads_its_parent": harmless(
        tried("import posix\n_found = open(f'/proc/{posix.getppid()}/mem', 'rb').read(1)")
    ),
    "reads_every_process": harmless(
        tried(
            "import posix\n_found = [n for n in posix.listdir('/proc') if n.isdigit() and n not in ('1',)]",
            "len(_found) > 4 and _found",
        )
    ),
    "traces_its_parent": harmless(tried(syscall(101, "16", "1", "0", "0"), "_answer == 0")),
    "reads_memory_of_its_parent": harmless(tried(syscall(310, "1", "0", "0", "0", "0", "0"), "_answer == 0")),
    "looks_for_the_course_key": harmless(
        tried(
            "import posix\n_found = []\n_left = ['/']\n"
            "while _left and len(_found) < 20000:\n    _top = _left.pop()\n"
            "    try: _names = posix.listdir(_top)\n    except OSError: continue\n"
            "    for _name in _names:\n        _found.append(_name)\n"
            "        if _name not in ('proc', 'sys', 'lib', 'usr', 'lib64'): _left.append(_top.rstrip('/') + '/' + _name)",
            "[name for name in _found if name == 'course.key']",
        )
    ),
    "looks_at_its_environment": harmless(
        tried("import posix\n_found = {k: v for k, v in posix.environ.items() if b'SECRET' in k}", "_found")
    ),
    "looks_for_the_simulator": harmless(
        tried(
            "import gc\n_found = [o for o in gc.get_objects() if type(o).__module__.startswith(('mqsim.sim', "
            "'mqsim.broker', 'mqsim.grading.judge'))]",
            "_found",
        )
    ),
    "opens_a_socket": harmless(
        tried(
            "import _socket\n_s = _socket.socket(2, 1, 0)\n_s.settimeout(2)\n_s.connect(('127.0.0.1', PORT))"
        )
    ),
    "asks_for_a_name": harmless(tried("import _socket\n_found = _socket.getaddrinfo('example.org', 80)")),
    "starts_a_process": harmless(tried("import posix\nif posix.fork() == 0: posix._exit(0)")),
    "starts_a_program": harmless(
        tried("import posix\nposix.execv('/bin/sh', ['sh', '-c', 'true'])", "False")
    ),
    "starts_by_subprocess": harmless(tried("import subprocess\nsubprocess.run(['true'])")),
    "starts_by_system": harmless(tried("import posix\n_found = posix.system('true') == 0", "_found")),
    "starts_by_clone": harmless(tried(syscall(56, "17", "0", "0", "0", "0"), "_answer >= 0")),
    "leaves_a_grandchild": harmless(
        tried(
            "import posix\nif posix.fork() == 0:\n    if posix.fork() == 0:\n        while True: pass\n    posix._exit(0)"
        )
    ),
    "fork_bomb": harmless(tried("import posix\nwhile True: posix.fork()")),
    "kills_everybody": harmless(tried("import posix\nposix.kill(-1, 9)")),
    "kills_the_server": harmless(tried("import posix\nposix.kill(1, 9)\nposix.kill(posix.getppid(), 9)")),
    "kills_its_neighbours": harmless(
        tried(
            "import posix\n_found = 0\nfor _pid in range(2, 40):\n    if _pid != posix.getpid():\n        posix.kill(_pid, 0)\n        _found += 1",
            "_found",
        )
    ),
    "leaves_its_namespace": harmless(tried(syscall(272, "0x10000000"), "_answer == 0")),
    "mounts": harmless(tried(syscall(165, "b'none'", "b'/tmp'", "b'tmpfs'", "0", "0"), "_answer == 0")),
    "changes_its_root": harmless(tried(syscall(161, "b'/tmp'"), "_answer == 0")),
    "raises_its_limits": harmless(
        tried("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))")
    ),
    "writes_into_the_submission": harmless(tried("open(__file__, 'a').write('#')")),
    "writes_beside_the_submission": harmless(tried("open('/x', 'w').write('x')")),
    "makes_a_device": harmless(tried("import posix\nposix.mknod('/tmp/null', 0o20666, posix.makedev(1, 3))")),
    "shares_memory": harmless(tried(syscall(29, "1", "4096", "0o1666"), "_answer >= 0")),
    # -- the channel to the grader ---------------------------------------------------------------------------
    "junk_on_every_descriptor": nothing(
        "import posix\nfor fd in range(3, 64):\n    try: posix.write(fd, b'\\xff' * 1000)\n"
        "    except OSError: pass\n",
    ),
    "a_long_message_on_the_channel": nothing(
        "import posix\nfor fd in range(3, 64):\n    try: posix.write(fd, b'\\x7f\\xff\\xff\\xff')\n"
        "    except OSError: pass\nwhile True: pass\n",
    ),
    "closes_every_descriptor": nothing("import posix\nposix.closerange(0, 64)\n"),
    "puts_a_file_on_the_channel": nothing(
        "import posix\nfd = posix.open('x', posix.O_RDWR | posix.O_CREAT)\n"
        "for other in range(3, 64):\n    if other != fd: posix.dup2(fd, other)\n",
    ),
    # -- too much --------------------------------------------------------------------------------------------
    "busy_in_python": nothing("while True: pass\n", "processor time", "timeout"),
    "busy_in_c": nothing("sum(range(10 ** 12))\n", "is ended after", "timeout"),
    "busy_in_a_pattern": nothing(
        "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')\n", "processor time", "timeout"
    ),
    "busy_in_callback": nothing(consumer(inside="while True: pass"), "processor time", "timeout"),
    "busy_at_exit": some(
        0, "import atexit\n@atexit.register\ndef loop():\n    while True: pass\n", "processor time", "timeout"
    ),
    "deaf_to_alarms": nothing(
        "import _signal\n_signal.pthread_sigmask(_signal.SIG_BLOCK, range(1, 32))\nwhile True: pass\n",
        "is ended after",
        "timeout",
    ),
    "really_waits": nothing(
        "import ctypes\nwhile True: ctypes.CDLL(None).pause()\n",
        "is ended",
        "timeout",
    ),
    "thread_bomb": harmless(
        tried(
            "import _thread\n_start = getattr(_thread, 'start_new_thread')\nfor _ in range(3000): _start(lambda: None, ())",
            "False",
        )
    ),
    "memory_bomb": nothing("x = []\nwhile True: x.append(bytearray(1 << 24))\n", "was recorded 0 times"),
    "one_large_object": harmless(tried("_x = bytearray(1 << 40)")),
    "disk_bomb": harmless(
        tried("for _n in range(100):\n    with open(f'{_n}', 'wb') as _f:\n        _f.write(bytes(1 << 20))")
    ),
    "one_large_file": harmless(tried("with open('x', 'wb') as _f:\n    _f.write(bytes(1 << 26))")),
    "output_bomb": nothing("while True: print('x' * 1000)\n", "printed more than", "timeout"),
    "one_long_line": nothing("print('x' * (1 << 27))\n", ""),
    "message_bomb": some(
        0,
        consumer(then="while True: channel.basic_publish('', 'task_queue', b'x' * 100)"),
        "sent more than",
        "timeout",
    ),
    "one_large_message": some(
        0, consumer(then="channel.basic_publish('', 'other', b'x' * 5_000_000)"), "sent more than", "timeout"
    ),
    "connection_bomb": nothing(
        "import pika\nkept = []\nwhile True:\n    kept.append(pika.BlockingConnection())\n",
        "more than 300 connections",
        "timeout",
    ),
    "queue_bomb": nothing(
        "import pika\nc = pika.BlockingConnection().channel()\nn = 0\nwhile True:\n"
        "    n += 1\n    c.queue_declare(f'queue-{n}-' + 'x' * 200)\n",
        "more than",
        "timeout",
    ),
    "ledger_bomb": nothing(
        "import ledger\nn = 0\nwhile True:\n    n += 1\n    ledger.record(f'entry {n}', 'x' * 300)\n",
        "more than",
        "timeout",
    ),
    "one_large_entry": some(
        0,
        consumer().replace("ledger.record(body.decode())", "ledger.record(body.decode(), 'x' * 900_000)"),
        "was recorded 0 times",
    ),
    # -- what people read ------------------------------------------------------------------------------------
    "terminal_escapes": Hostile(
        {
            "consumer.py": consumer(
                then="channel.basic_publish('', 'task_queue', '\\x1b[2J\\x1b]0;mine\\x07\\u202e')"
            )
        },
        7,
        "failed",
        lacks=("\x1b", "\x07", "\u202e"),
    ),
    "markup": Hostile(
        {
            "consumer.py": consumer(
                then="channel.basic_publish('', 'other', '<script>alert(1)</script>')\n"
                "channel.queue_declare('other')\n"
                "channel.basic_publish('', 'other', '<script>alert(1)</script>')"
            )
        },
        7,
        "failed",
        lacks=("<script>",),
    ),
    "formulas": Hostile(
        {
            "consumer.py": consumer(
                then="channel.queue_declare('q')\nchannel.basic_publish('', 'q', '=cmd|\\' /C calc\\'!A0')"
            )
        },
        7,
        "failed",
    ),
    # -- leftovers -------------------------------------------------------------------------------------------
    "leaves_a_file": harmless(
        tried(
            "import posix\n_found = any('left' in name for place in ('/tmp', '.', '/dev/shm') "
            "for name in (posix.listdir(place) if place != '/dev/shm' else ()))\n"
            "for _path in ('left', '/tmp/left'):\n    try: open(_path, 'w').write('x')\n    except OSError: pass",
            "_found",
        )
    ),
    "leaves_a_link": harmless(
        tried(
            "import posix\n_found = 'link' in posix.listdir('/tmp') or 'link' in posix.listdir('.')\n"
            "for _path in ('link', '/tmp/link'):\n    try: posix.symlink('/', _path)\n    except OSError: pass",
            "_found",
        )
    ),
    "nests_folders_without_end": harmless(
        "import posix\n_here = posix.open('.', posix.O_RDONLY)\n"
        "try:\n    for _n in range(3000):\n        posix.mkdir('d')\n        posix.chdir('d')\n"
        "except OSError: pass\nposix.fchdir(_here)\nposix.close(_here)\n"
    ),
    "leaves_a_folder_that_nobody_may_enter": harmless(
        "import posix\nposix.mkdir('closed')\nopen('closed/x', 'w').close()\nposix.chmod('closed', 0)\n"
    ),
    "leaves_thousands_of_files": harmless(
        "import posix\ntry:\n    for _n in range(20000):\n"
        "        posix.close(posix.open(f'f{_n}', posix.O_CREAT | posix.O_WRONLY))\nexcept OSError: pass\n"
    ),
    # -- to the services of the world ------------------------------------------------------------------------
    "talks_nonsense_to_the_broker": harmless(
        "import socket\n"
        "for _data in (b'\\x00' * 9, b'GET / HTTP/1.1\\r\\n\\r\\n', b'AMQP\\x00\\x00\\x09\\x01\\x01\\x00\\x00\\xff\\xff\\xff\\xff'):\n"
        "    _socket = socket.create_connection(('localhost', 5672))\n    _socket.sendall(_data)\n"
    ),
    "talks_nonsense_to_the_ledger": harmless(
        "import socket\n"
        "for _line in (b'{', b'[' * 60000, b'{\"do\": \"forget\"}', b'{\"do\": \"record\", \"key\": 1}', b'\\xff\\x00', "
        "b'9' * 6000):\n"
        "    _socket = socket.create_connection(('ledger', 7070))\n    _socket.sendall(_line + b'\\n')\n"
    ),
    "records_what_is_nested_too_deep": harmless(
        "_x = []\nfor _ in range(900): _x = [_x]\ntry: ledger.record('nested', _x)\nexcept Exception: pass\n"
    ),
    "odd_names_at_the_broker": Hostile(
        {
            "consumer.py": consumer(
                then="channel.queue_declare('\\x1b[31mred\\x07')\n"
                "channel.basic_publish('', '\\x1b[31mred\\x07', 'odd')"
            )
        },
        7,
        "failed",
        lacks=("\x1b", "\x07"),
    ),
    # -- the runtime itself ----------------------------------------------------------------------------------
    "really_sleeps_in_c": some(
        7,
        consumer().replace(
            'time.sleep(body.count(b"."))',
            'import ctypes; ctypes.CDLL(None).usleep(200_000 * body.count(b"."))',
        ),
        "took no",
    ),
    "says_that_it_worked": some(
        7,
        consumer(
            "import gc\nfrom mqsim.guest.kernel.runtime import Runtime\n"
            "_runtime = next((each for each in gc.get_objects() if isinstance(each, Runtime)), None)\n"
            "def _skip(seconds):\n    if _runtime is not None: _runtime.now += int(seconds * 10**9)\n"
            "time.sleep = _skip\n"
        ),
        "took no",
    ),
    "traces_itself": harmless(
        "import sys\nsys.settrace(lambda *_: None)\nsys.setprofile(lambda *_: None)\n"
        "sys.addaudithook(lambda *_: None)\n"
    ),
    "sleeps_for_nothing_for_ever": nothing("import time\nwhile True: time.sleep(0)\n"),
    "an_exit_that_begins_again": some(
        0,
        "import atexit\ndef again():\n    atexit.register(again)\n    again()\natexit.register(again)\n",
        "printed more than",
        "timeout",
    ),
    "sets_an_alarm_on_itself": harmless(tried("import ctypes\nctypes.CDLL(None).alarm(1)", "False")),
    # -- system calls that a program has no use for ----------------------------------------------------------
    "asks_for_io_uring": harmless(tried(syscall(425, "1", "b'0' * 120"), "_answer >= 0")),
    "watches_the_kernel": harmless(
        tried(
            f"{_REAL_SYSTEM}_found = [n for n in (298, 321, 323) if libc.syscall(n, 0, 0, 0, 0, 0) >= 0]",
            "_found",
        )
    ),
    "runs_a_program_from_memory": harmless(
        tried(
            f"{_REAL_SYSTEM}_fd = libc.memfd_create(b'x', 0)\n_n = libc.write(_fd, b'#!/bin/true', 11)\n"
            "_answer = libc.syscall(322, _fd, b'', None, None, 0x1000)",
            "_answer == 0",
        )
    ),
    # -- what is no program ----------------------------------------------------------------------------------
    "nested_too_deep": Hostile({"consumer.py": "(" * 100_000}, None, "ungradable", "no Python"),
    "no_python": Hostile({"consumer.py": "def work(:\n"}, None, "ungradable", "consumer.py, line 1"),
    "null_bytes": Hostile({"consumer.py": b"print(1)\x00"}, None, "ungradable", "no Python"),
    "not_utf8": Hostile({"consumer.py": b"print('\xff')"}, None, "ungradable", "no Python"),
    "unknown_encoding": Hostile(
        {"consumer.py": b"# coding: nonsense\nx = 1"}, None, "ungradable", "no Python"
    ),
    "no_files": Hostile({"other.py": ""}, None, "ungradable", "There is no consumer.py"),
    "unchanged_starter": Hostile(
        {"consumer.py": "# Write your consumer here.\n", "producer.py": ""}, NOTHING, "failed"
    ),
}
