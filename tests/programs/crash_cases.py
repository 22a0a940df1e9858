"""Programs for the crash search: right ones, and wrong ones with the fault that must be named.

A right program loses nothing at any crash. It may do work twice only where a crash falls between its work and
its acknowledgement; `twice` says at which points, as a pattern of what it had just done. A wrong program
names one point, one message, and the field of the impact in which that message must stand there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SENDER = """
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("tasks", durable=True)
for name in ("task 1", "task 2", "task 3"):
    channel.basic_publish("", "tasks", name, pika.BasicProperties(delivery_mode=2))
connection.close()
"""

HEAD = """
import time
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("tasks", durable=True)
channel.basic_qos(prefetch_count=1)
"""

TAIL = """
channel.basic_consume("tasks", on_task)
channel.start_consuming()
"""

AUTO_TAIL = """
channel.basic_consume("tasks", on_task, auto_ack=True)
channel.start_consuming()
"""

ACK_WINDOW = r"after (printing|sending|coming to the end)|before sending basic\.ack"


@dataclass(frozen=True)
class Right:
    """A right program.

    Attributes:
        worker: its text.
        twice: a pattern of the points at which a crash has work done twice, as it truly does; empty is none.
        others: further programs.
        who: who crashes.
    """

    worker: str
    twice: str = ""
    others: dict[str, str] = field(default_factory=dict)
    who: str = "worker"


@dataclass(frozen=True)
class Wrong:
    """A wrong program.

    Attributes:
        worker: its text.
        field: of the impact.
        label: the message that must stand there.
        did: the point.
        others: further programs.
        who: who crashes.
    """

    worker: str
    field: str
    label: str
    did: str
    others: dict[str, str] = field(default_factory=dict)
    who: str = "worker"


def callback(*lines: str, before: str = "", tail: str = TAIL) -> str:
    """A consumer whose callback does these lines."""
    body = "\n".join(f"    {line}" for line in lines)
    head = f"{HEAD}{before}\ndef on_task(channel, method, properties, body):\n    task = body.decode()\n"
    return f"{head}{body}\n{tail}"


ACK = "channel.basic_ack(method.delivery_tag)"
WORK = "time.sleep(1)"
DONE = 'print("done", task)'
GOT = 'print("got", task)'
SAFE_ACK = "connection.add_callback_threadsafe(functools.partial(channel.basic_ack, method.delivery_tag))"

_GENERATOR = (
    HEAD
    + """
for method, properties, body in channel.consume("tasks"):
    task = body.decode()
"""
)
_POLLING = (
    HEAD
    + """
while True:
    method, properties, body = channel.basic_get("tasks")
    if method is None:
        time.sleep(0.5)
        continue
    task = body.decode()
"""
)
_BATCH = """
waiting = []
def on_task(channel, method, properties, body):
    waiting.append(body.decode())
    {early}
    if len(waiting) == 3:
        time.sleep(1)
        for task in waiting:
            print("stored", task)
        {ack}
        waiting.clear()
"""
_SELECT = """
import pika

def on_open(connection):
    connection.channel(on_open_callback=on_channel)

def on_channel(opened):
    opened.basic_qos(prefetch_count=1, callback=lambda frame: declare(opened))

def declare(opened):
    opened.queue_declare("tasks", durable=True, callback=lambda frame: consume(opened))

def consume(opened):
    opened.basic_consume("tasks", on_task{auto})
{body}
connection = pika.SelectConnection(pika.ConnectionParameters("localhost"), on_open_callback=on_open)
connection.ioloop.start()
"""
_ASYNCIO = """
import asyncio
import pika
from pika.adapters.asyncio_connection import AsyncioConnection

def on_open(connection):
    connection.channel(on_open_callback=on_channel)

def on_channel(opened):
    opened.basic_qos(prefetch_count=1)
    opened.queue_declare("tasks", durable=True)
    opened.basic_consume("tasks", on_task)

tasks = set()

def on_task(channel, method, properties, body):
    {first}
    task = asyncio.get_event_loop().create_task(work(channel, method, body.decode()))
    tasks.add(task)

async def work(channel, method, task):
    await asyncio.sleep(1)
    print("done", task)
    {last}

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
parameters = pika.ConnectionParameters("localhost")
connection = AsyncioConnection(parameters, on_open_callback=on_open, custom_ioloop=loop)
loop.run_forever()
"""
_THREAD = """
import functools
import threading
def work(channel, method, task):
    time.sleep(1)
    print("done", task)
    {ack}
def on_task(channel, method, properties, body):
    threading.Thread(target=work, args=(channel, method, body.decode())).start()
    {early}
"""
_POOL = """
import functools
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)
def work(channel, method, task):
    time.sleep(1)
    {say}
    {ack}
def on_task(channel, method, properties, body):
    pool.submit(work, channel, method, body.decode())
    {early}
"""
_QUEUE = """
import functools
import queue
import threading
jobs = queue.Queue()
def work():
    while True:
        channel, method, task = jobs.get()
        time.sleep(1)
        print("done", task)
        {ack}
threading.Thread(target=work, daemon=True).start()
def on_task(channel, method, properties, body):
    jobs.put((channel, method, body.decode()))
    {early}
"""
_FILE = """
from pathlib import Path
log = Path(__file__).with_name("log.txt")
def finished():
    return log.read_text().splitlines() if log.exists() else []
def note(task):
    with open(log, "a") as file:
        file.write(task + "\\n")
"""
_SQLITE = """
import sqlite3
base = sqlite3.connect("done.db")
base.execute("CREATE TABLE IF NOT EXISTS done (task TEXT{unique})")
base.commit()
"""
_RESULTS = """
channel.queue_declare("results", durable=True)
"""
_READER = """
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("results", durable=True)
def on_result(channel, method, properties, body):
    print("result", body.decode())
    channel.basic_ack(method.delivery_tag)
channel.basic_consume("results", on_result)
channel.start_consuming()
"""
_SUBSCRIBER = """
import time
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare("news", "{kind}")
name = channel.queue_declare("", exclusive=True).method.queue
channel.queue_bind(name, "news", "{key}")
def on_news(channel, method, properties, body):
    print("read", body.decode())
channel.basic_consume(name, on_news, auto_ack=True)
channel.start_consuming()
"""
_NEWS = """
import time
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare("news", "{kind}")
time.sleep(2)
for name in ("one", "two"):
    channel.basic_publish("news", "a.b", name)
connection.close()
"""

SUBSCRIBERS: dict[str, Right] = {
    "a fanout": Right(_SUBSCRIBER.format(kind="fanout", key=""), "", {"news": _NEWS.format(kind="fanout")}),
    "a topic": Right(_SUBSCRIBER.format(kind="topic", key="a.*"), "", {"news": _NEWS.format(kind="topic")}),
}

RIGHT: dict[str, Right] = {
    "acknowledges last": Right(callback(GOT, WORK, DONE, ACK), ACK_WINDOW),
    "prints after the acknowledgement": Right(callback(WORK, ACK, DONE), ACK_WINDOW),
    "prints before and after": Right(callback(GOT, WORK, ACK, DONE), ACK_WINDOW),
    "prints alone": Right(callback(DONE, ACK), ACK_WINDOW),
    "works in silence": Right(callback(WORK, ACK), ACK_WINDOW),
    "two workers": Right(callback(GOT, WORK, DONE, ACK), ACK_WINDOW),
    "throttles itself": Right(callback(WORK, DONE, ACK, "time.sleep(1)"), ACK_WINDOW),
    "logs what it does next": Right(callback(WORK, DONE, ACK, 'print("waiting for the next")'), ACK_WINDOW),
    "a generator": Right(_GENERATOR + f"    {WORK}\n    {DONE}\n    {ACK}\n", ACK_WINDOW),
    "a generator that prints last": Right(_GENERATOR + f"    {WORK}\n    {ACK}\n    {DONE}\n", ACK_WINDOW),
    "a generator with a timeout": Right(
        (_GENERATOR + f"    if method is None:\n        continue\n    {WORK}\n    {DONE}\n    {ACK}\n")
        .replace('consume("tasks")', 'consume("tasks", inactivity_timeout=2)')
        .replace("    task = body.decode()\n", "")
        .replace(DONE, 'print("done", body.decode())')
        + "    if body == b'task 3':\n        break\n",
        ACK_WINDOW,
    ),
    "polls": Right(_POLLING + f"    {WORK}\n    {DONE}\n    {ACK}\n", ACK_WINDOW),
    "polls and pauses": Right(
        _POLLING + f"    {WORK}\n    {DONE}\n    {ACK}\n    time.sleep(2)\n", ACK_WINDOW
    ),
    "polls and says so": Right(
        _POLLING + f"    {WORK}\n    {ACK}\n    {DONE}\n    time.sleep(2)\n    print('looking again')\n",
        ACK_WINDOW,
    ),
    "acknowledges several": Right(
        callback(
            WORK,
            DONE,
            f"if task == 'task 3': {ACK[:-1]}, multiple=True)",
            before="channel.basic_qos(prefetch_count=3)\n",
        ),
        r"task|ack|before|end",
    ),
    "a batch": Right(
        HEAD
        + "channel.basic_qos(prefetch_count=3)"
        + _BATCH.format(early="", ack="channel.basic_ack(method.delivery_tag, multiple=True)")
        + TAIL,
        ACK_WINDOW,
    ),
    "a thread for each": Right(HEAD + _THREAD.format(early="", ack=SAFE_ACK) + TAIL, ACK_WINDOW),
    "a pool": Right(
        HEAD + "channel.basic_qos(prefetch_count=2)" + _POOL.format(say=DONE, early="", ack=SAFE_ACK) + TAIL,
        ACK_WINDOW,
    ),
    "a pool that prints first": Right(
        HEAD
        + "channel.basic_qos(prefetch_count=2)"
        + _POOL.format(say=DONE, early='print("handed over", body.decode())', ack=SAFE_ACK)
        + TAIL,
        ACK_WINDOW,
    ),
    "a queue and a thread": Right(HEAD + _QUEUE.format(early="", ack=SAFE_ACK) + TAIL, ACK_WINDOW),
    "SelectConnection": Right(
        _SELECT.format(
            auto="",
            body="""
def on_task(channel, method, properties, body):
    print("done", body.decode())
    channel.basic_ack(method.delivery_tag)
""",
        ),
        ACK_WINDOW,
    ),
    "SelectConnection and a timer": Right(
        _SELECT.format(
            auto="",
            body="""
def on_task(channel, method, properties, body):
    connection.ioloop.call_later(1, lambda: finish(channel, method, body))
def finish(channel, method, body):
    print("done", body.decode())
    channel.basic_ack(method.delivery_tag)
""",
        ),
        ACK_WINDOW,
    ),
    "asyncio": Right(
        _ASYNCIO.format(first="pass", last="channel.basic_ack(method.delivery_tag)"), ACK_WINDOW
    ),
    "a transaction": Right(
        callback(WORK, DONE, ACK, "channel.tx_commit()", before="channel.tx_select()\n"),
        r"after printing|basic\.ack|before|tx\.commit",
    ),
    "a transaction with a result": Right(
        callback(
            WORK,
            'channel.basic_publish("", "results", "result of " + task)',
            ACK,
            "channel.tx_commit()",
            before=_RESULTS + "channel.tx_select()\n",
        ),
        r"after (printing|sending)|basic\.ack|before|tx\.commit",
        {"reader": _READER},
    ),
    "a transaction that prints last": Right(
        callback(WORK, ACK, "channel.tx_commit()", DONE, before="channel.tx_select()\n"),
        r"after printing|basic\.ack|before|tx\.commit",
    ),
    "the ledger once": Right(callback("ledger.record_once(task)", ACK, before="import ledger\n")),
    "the ledger once, after work": Right(
        callback(WORK, "ledger.record_once(task)", ACK, before="import ledger\n")
    ),
    "the ledger asked": Right(
        callback(
            "if ledger.seen(task):",
            f"    {ACK}",
            "    return",
            WORK,
            "ledger.record_once(task)",
            ACK,
            before="import ledger\n",
        )
    ),
    "the ledger and a line": Right(
        callback(WORK, "ledger.record_once(task)", ACK, DONE, before="import ledger\n")
    ),
    "a file": Right(
        callback("if task not in finished():", f"    {WORK}", "    note(task)", ACK, before=_FILE)
    ),
    "a file and a line": Right(
        callback(
            "if task in finished():",
            '    print("skipping", task)',
            "else:",
            f"    {WORK}",
            "    note(task)",
            "    print('did', task)",
            ACK,
            before=_FILE,
        )
    ),
    "sqlite": Right(
        callback(
            WORK,
            "base.execute('INSERT OR IGNORE INTO done VALUES (?)', (task,))",
            "base.commit()",
            ACK,
            before=_SQLITE.format(unique=" UNIQUE"),
        )
    ),
    "sqlite asked": Right(
        callback(
            "if not base.execute('SELECT 1 FROM done WHERE task = ?', (task,)).fetchone():",
            f"    {WORK}",
            "    base.execute('INSERT INTO done VALUES (?)', (task,))",
            "    base.commit()",
            ACK,
            before=_SQLITE.format(unique=" UNIQUE"),
        )
    ),
    "republishes": Right(
        callback(WORK, 'channel.basic_publish("", "results", "result of " + task)', ACK, before=_RESULTS),
        ACK_WINDOW,
        {"reader": _READER},
    ),
    "republishes the same text": Right(
        callback(WORK, 'channel.basic_publish("", "results", body)', ACK, before=_RESULTS),
        ACK_WINDOW,
        {"reader": _READER},
    ),
    "republishes with confirms": Right(
        callback(
            WORK,
            'channel.basic_publish("", "results", "result of " + task)',
            ACK,
            before=_RESULTS + "channel.confirm_delivery()\n",
        ),
        r"after (printing|sending)|before",
        {"reader": _READER},
    ),
    "fails once": Right(
        callback(
            "if not method.redelivered:",
            "    channel.basic_nack(method.delivery_tag)",
            "    return",
            WORK,
            DONE,
            ACK,
        ),
        ACK_WINDOW,
    ),
    "ends with a summary": Right(
        callback(
            WORK,
            ACK,
            "seen.append(task)",
            "if task == 'task 3':",
            "    channel.stop_consuming()",
            before="seen = []\n",
        )
        + "print('did', ', '.join(seen))\n",
        ACK_WINDOW,
    ),
    "a log file": Right(
        callback("note('started ' + task)", WORK, "note('finished ' + task)", ACK, before=_FILE),
        ACK_WINDOW,
    ),
    "names no message": Right(
        callback('print(" [x] Received")', WORK, 'print(" [x] Done")', ACK), ACK_WINDOW
    ),
    "a pool that names no message": Right(
        HEAD + _POOL.format(say="print('done')", early="", ack=SAFE_ACK) + TAIL, ACK_WINDOW
    ),
    "a log on standard error": Right(
        callback(
            'logging.info("got %s redelivered=%s", task, method.redelivered)',
            WORK,
            'logging.info("finished %s", task)',
            ACK,
            before="import logging\nlogging.basicConfig(level=20, format='%(asctime)s %(message)s')\n",
        ),
        r"after (writing|sending|coming to the end)|before sending basic\.ack",
    ),
    "tries again later": Right(
        callback(
            WORK,
            "if not properties.headers:",
            "    again = pika.BasicProperties(headers={'tries': 1})",
            "    channel.basic_publish('', 'tasks', body, again)",
            f"    {ACK}",
            "    return",
            DONE,
            ACK,
        ),
        ACK_WINDOW,
    ),
    "call_later": Right(
        callback("connection.call_later(1, lambda: finish(method, task))").replace(
            "def on_task", f"def finish(method, task):\n    {DONE}\n    {ACK}\ndef on_task"
        ),
        ACK_WINDOW,
    ),
    "process_data_events": Right(
        callback(
            WORK,
            DONE,
            ACK,
            tail="""
channel.basic_consume("tasks", on_task)
for _ in range(20):
    connection.process_data_events(1)
""",
        ),
        ACK_WINDOW,
    ),
}

WRONG: dict[str, Wrong] = {
    "automatic acknowledgement": Wrong(
        callback(GOT, WORK, DONE, tail=AUTO_TAIL), "lost", "task 2", 'after printing "got task 1"'
    ),
    "automatic, in silence": Wrong(
        callback(WORK, tail=AUTO_TAIL), "lost", "task 1", 'after taking "task 1" in hand'
    ),
    "acknowledges first": Wrong(callback(ACK, WORK, DONE), "lost", "task 1", 'before printing "done task 1"'),
    "acknowledges first, in silence": Wrong(
        callback(ACK, WORK), "lost", "task 1", "after sending basic.ack 1"
    ),
    "acknowledges, then prints": Wrong(callback(ACK, DONE), "lost", "task 1", "after sending basic.ack 1"),
    "acknowledges after a line": Wrong(
        callback(GOT, ACK, WORK, DONE), "lost", "task 1", "after sending basic.ack 1"
    ),
    "acknowledges in the middle": Wrong(
        callback(WORK, ACK, WORK, DONE), "lost", "task 1", "after sending basic.ack 1"
    ),
    "acknowledges, then records": Wrong(
        callback(ACK, "ledger.record(task)", before="import ledger\n"),
        "lost",
        "task 1",
        "after sending basic.ack 1",
    ),
    "acknowledges, then records once": Wrong(
        callback(WORK, ACK, "ledger.record_once(task)", before="import ledger\n"),
        "lost",
        "task 1",
        "after sending basic.ack 1",
    ),
    "acknowledges, then publishes": Wrong(
        callback(ACK, WORK, 'channel.basic_publish("", "results", "result of " + task)', before=_RESULTS),
        "lost",
        "task 1",
        "after sending basic.ack 1",
        {"reader": _READER},
    ),
    "acknowledges, then writes": Wrong(
        callback(ACK, WORK, "note(task)", 'print("did", task)', before=_FILE),
        "lost",
        "task 1",
        "after sending basic.ack 1",
    ),
    "a thread, acknowledged at once": Wrong(
        HEAD + _THREAD.format(early=ACK, ack="pass") + TAIL, "lost", "task 1", "after sending basic.ack 1"
    ),
    "a thread, automatic": Wrong(
        HEAD + _THREAD.format(early="pass", ack="pass") + AUTO_TAIL,
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "a pool, acknowledged at once": Wrong(
        HEAD + _POOL.format(say=DONE, early=ACK, ack="pass") + TAIL,
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "a pool, automatic": Wrong(
        HEAD + _POOL.format(say=DONE, early="pass", ack="pass") + AUTO_TAIL,
        "lost",
        "task 3",
        'after printing "done task 1"',
    ),
    "a queue and a thread, automatic": Wrong(
        HEAD + _QUEUE.format(early="pass", ack="pass") + AUTO_TAIL,
        "lost",
        "task 2",
        'after printing "done task 1"',
    ),
    "a queue and a thread, acknowledged at once": Wrong(
        HEAD + _QUEUE.format(early=ACK, ack="pass") + TAIL, "lost", "task 2", 'after printing "done task 1"'
    ),
    "a pool that shows nothing": Wrong(
        HEAD + _POOL.format(say="pass", early=ACK, ack="pass") + TAIL,
        "unknown",
        "task 1",
        "after sending basic.ack 2",
    ),
    "a list that shows nothing": Wrong(
        callback("seen.append(task)", before="seen = []\n", tail=AUTO_TAIL),
        "unknown",
        "task 1",
        'after coming to the end with "task 3"',
    ),
    "a generator, automatic": Wrong(
        (_GENERATOR + f"    {WORK}\n    {DONE}\n").replace(
            'consume("tasks")', 'consume("tasks", auto_ack=True)'
        ),
        "lost",
        "task 2",
        'before printing "done task 1"',
    ),
    "a generator that acknowledges first": Wrong(
        _GENERATOR + f"    {ACK}\n    {WORK}\n    {DONE}\n", "lost", "task 1", 'before printing "done task 1"'
    ),
    "polls, automatic": Wrong(
        (_POLLING + f"    {WORK}\n    {DONE}\n").replace(
            'basic_get("tasks")', 'basic_get("tasks", auto_ack=True)'
        ),
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "polls and acknowledges first": Wrong(
        _POLLING + f"    {ACK}\n    {WORK}\n    {DONE}\n", "lost", "task 1", 'before printing "done task 1"'
    ),
    "a batch, each acknowledged": Wrong(
        HEAD + _BATCH.format(early=ACK, ack="pass") + TAIL, "lost", "task 1", "after sending basic.ack 2"
    ),
    "a batch, automatic": Wrong(
        HEAD + _BATCH.format(early="pass", ack="pass") + AUTO_TAIL,
        "lost",
        "task 1",
        'after coming to the end with "task 2"',
    ),
    "redelivered means done": Wrong(
        callback("if method.redelivered:", f"    {ACK}", "    return", WORK, DONE, ACK),
        "lost",
        "task 1",
        'after taking "task 1" in hand',
    ),
    "redelivered is refused": Wrong(
        callback(
            "if method.redelivered:",
            "    channel.basic_reject(method.delivery_tag, requeue=False)",
            "    return",
            WORK,
            DONE,
            ACK,
        ),
        "lost",
        "task 1",
        'after taking "task 1" in hand',
    ),
    "claims first, in a file": Wrong(
        callback(
            "if task not in finished():", "    note(task)", f"    {WORK}", f"    {DONE}", ACK, before=_FILE
        ),
        "lost",
        "task 1",
        'waiting, before printing "done task 1"',
    ),
    "claims first, in the ledger": Wrong(
        callback("if ledger.record_once(task):", f"    {WORK}", f"    {DONE}", ACK, before="import ledger\n"),
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "claims first, in sqlite": Wrong(
        callback(
            "if not base.execute('SELECT 1 FROM done WHERE task = ?', (task,)).fetchone():",
            "    base.execute('INSERT INTO done VALUES (?)', (task,))",
            "    base.commit()",
            f"    {WORK}",
            f"    {DONE}",
            ACK,
            before=_SQLITE.format(unique=" UNIQUE"),
        ),
        "lost",
        "task 1",
        'waiting, before printing "done task 1"',
    ),
    "SelectConnection, automatic": Wrong(
        _SELECT.format(
            auto=", auto_ack=True",
            body="""
def on_task(channel, method, properties, body):
    connection.ioloop.call_later(1, lambda: print("done", body.decode()))
""",
        ),
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "SelectConnection acknowledges first": Wrong(
        _SELECT.format(
            auto="",
            body="""
def on_task(channel, method, properties, body):
    channel.basic_ack(method.delivery_tag)
    connection.ioloop.call_later(1, lambda: print("done", body.decode()))
""",
        ),
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "asyncio acknowledges first": Wrong(
        _ASYNCIO.format(first="channel.basic_ack(method.delivery_tag)", last="pass"),
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "commits before the work": Wrong(
        callback(ACK, "channel.tx_commit()", WORK, DONE, before="channel.tx_select()\n"),
        "lost",
        "task 1",
        'before printing "done task 1"',
    ),
    "records again": Wrong(
        callback(WORK, "ledger.record(task)", ACK, before="import ledger\n"),
        "effects",
        "task 1",
        "before sending basic.ack 1",
    ),
    "writes again": Wrong(
        callback(WORK, "note(task)", ACK, before=_FILE), "effects", "task 1", "before sending basic.ack 1"
    ),
    "inserts again": Wrong(
        callback(
            WORK,
            "base.execute('INSERT INTO done VALUES (?)', (task,))",
            "base.commit()",
            ACK,
            before=_SQLITE.format(unique=""),
        ),
        "effects",
        "task 1",
        "before sending basic.ack 1",
    ),
    "publishes again": Wrong(
        callback(WORK, 'channel.basic_publish("", "results", "result of " + task)', ACK, before=_RESULTS),
        "twice",
        "result of task 1",
        'after sending "result of task 1" to queue results',
        {"reader": _READER},
    ),
    "never acknowledges": Wrong(
        callback(WORK, DONE, before="channel.basic_qos(prefetch_count=0)\n"),
        "twice",
        "task 1",
        'after printing "done task 3"',
    ),
    "acknowledges at the very end": Wrong(
        callback(
            WORK,
            DONE,
            "if task == 'task 3':",
            "    channel.basic_ack(0, multiple=True)",
            before="channel.basic_qos(prefetch_count=0)\n",
        ),
        "twice",
        "task 1",
        'after printing "done task 2"',
    ),
    "a sender that starts again": Wrong(
        callback(DONE, ACK), "twice", "task 1", 'after sending "task 2" to queue tasks', who="sender"
    ),
}
