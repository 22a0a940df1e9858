"""Children of programs: in virtual time, in the transcript, or refused in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.api.magic import program

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

HEAD = "import os, subprocess, sys, time\n"


def lines(text: str, carry: CarrierFactory | None = None) -> list[tuple[float, str]]:
    result = mq.run_programs({"p": program("p", HEAD + text)}, carry=carry)
    return [(line.t, line.text) for line in result.lines]


@pytest.mark.parametrize(
    ("text", "printed", "ends"),
    [
        ("os.system('echo a && echo b')", ["a", "b"], 0),
        ("subprocess.run(['echo', 'a'])", ["a"], 0),
        ("print(subprocess.check_output(['echo', 'a'], text=True).strip())", ["a"], 0),
        ("print(subprocess.run('echo a', shell=True, capture_output=True).stdout)", ["b'a\\n'"], 0),
        ("print(os.popen('echo a').read().strip())", ["a"], 0),
        ("subprocess.run(['sleep', '2']); os.system('sleep 1.5')", [], 3.5),
        ("print(os.system('false') >> 8, subprocess.call(['true']))", ["1 0"], 0),
        ("subprocess.run(['python3', '-c', 'from time import *; sleep(2); print(time() % 60)'])", ["2.0"], 2),
        ("print(subprocess.run([sys.executable, '-c', 'import sys; sys.exit(3)']).returncode)", ["3"], 0),
        ("print(subprocess.run(['cat'], input='x', text=True, capture_output=True).stdout)", ["x"], 0),
        (
            "c = subprocess.Popen([sys.executable, '-c', 'print(input())'], stdin=-1, stdout=-1, text=True)\n"
            "print(c.communicate('hi')[0].strip())",
            ["hi"],
            0,
        ),
    ],
)  # fmt: skip
def test_children_in_virtual_time(text: str, printed: list[str], ends: float, carry: CarrierFactory) -> None:
    *found, last = lines(text, carry)
    assert [each for _, each in found] == printed
    assert last == (ends, "exits with status 0")


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run(['curl', 'http://localhost'])",
        "os.system('rm -rf x')",
        "os.system('echo a > b')",
        "os.system('echo `id`')",
        "subprocess.Popen('ffmpeg -i x', shell=True)",
        "os.popen('python -m http.server')",
    ],
)
def test_other_children_are_refused_and_named(text: str, carry: CarrierFactory) -> None:
    found = [each for _, each in lines(text, carry)]
    (said,) = (each for each in found if each.startswith("wants to run"))
    assert "which is refused: in virtual time children are Python programs, `sleep`, or commands" in said
    assert found[-1] == "exits with status 1"


def test_json_stays_one_object(tmp_path: object) -> None:
    import pathlib

    file = pathlib.Path(str(tmp_path)) / "p.py"
    file.write_text(HEAD + "os.system('echo out')\nsubprocess.run(['echo', 'also'])\n")
    done = subprocess.run(
        [sys.executable, "-m", "mqsim.cli", "exec", f"p={file}", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert [line["text"] for line in found["lines"]] == ["out", "also", "exits with status 0"]


def test_one_connection_in_two_threads_is_named(carry: CarrierFactory) -> None:
    text = """
import threading
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("q")
def work(channel):
    time.sleep(1)
    {publish}
channel.basic_consume("q", lambda *_: None, auto_ack=True)
threading.Thread(target=work, args=(channel,), daemon=True).start()
connection.call_later(3, channel.stop_consuming)
channel.start_consuming()
connection.close()
"""
    wrong = [each for _, each in lines(text.format(publish="channel.basic_publish('', 'r', 'x')"), carry)]
    assert wrong[0].startswith(
        "uses a connection in Thread-2 (work) (p.py, line 10) while another thread waits in it"
    )
    right = "connection.add_callback_threadsafe(lambda: channel.basic_publish('', 'r', 'x'))"
    assert [each for _, each in lines(text.format(publish=right), carry)] == ["exits with status 0"]


def test_a_child_that_takes_too_long_is_killed_by_run(carry: CarrierFactory) -> None:
    text = """
import subprocess, sys
try:
    subprocess.run(["sleep", "5"], timeout=1)
except subprocess.TimeoutExpired as error:
    print(error)
child = subprocess.Popen(["sleep", "5"])
try:
    child.wait(timeout=2)
except subprocess.TimeoutExpired:
    child.terminate()
print(child.wait())
print(subprocess.run(["sleep", "1"], timeout=2).returncode)
"""
    assert lines(text, carry) == [
        (1.0, "Command '['sleep', '5']' timed out after 1 seconds"),
        (3.0, "-15"),
        (4.0, "0"),
        (4.0, "exits with status 0"),
    ]


def test_a_python_child_whose_file_is_not_there(carry: CarrierFactory) -> None:
    text = """
import subprocess, sys
done = subprocess.run([sys.executable, "none.py"], capture_output=True, text=True)
print(done.returncode, "can't open file" in done.stderr)
"""
    assert lines(text, carry) == [(0.0, "2 True"), (0.0, "exits with status 0")]
