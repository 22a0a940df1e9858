"""`%%program` in a real IPython shell, and what a run of programs shows in a notebook."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import mqsim as mq
from mqsim.api.magic import WRITTEN, define
from mqsim.errors import UsageError
from tests.outside import PATIENCE

CELLS = '''
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
import importlib, sys
import mqsim as mq
importlib.reload(mq)
shell.run_cell_magic("program", "sender", """import pika
connection = pika.BlockingConnection()
channel = connection.channel()
channel.queue_declare("q")
channel.basic_publish("", "q", "<b>hello</b>")
connection.close()
""")
shell.run_cell_magic("program", "reader", """import pika
channel = pika.BlockingConnection().channel()
channel.queue_declare("q")
for method, _, body in channel.consume("q", auto_ack=True):
    print(body.decode())
    raise SystemExit(3)
""")
result = mq.run_programs(["sender", "reader"])
print([(run.name, run.status) for run in result.programs])
print(result._repr_html_())
'''


def test_cells_become_programs_that_run_and_show_themselves() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CELLS],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "program sender: 6 lines. Run it with mq.run_programs.",
        "program reader: 6 lines. Run it with mq.run_programs.",
    ]
    assert "[('sender-1', 0), ('reader-1', 3)]" in lines
    html = done.stdout.partition("<pre")[2]
    assert "reader-1    &lt;b&gt;hello&lt;/b&gt;</span>" in html, "what programs print is no HTML of ours"
    assert re.search(r'<img [^>]*src="data:image/png;base64,[^"]+"[^>]* alt="[^"]*sender-1', html)


def test_a_cell_wants_one_good_name() -> None:
    for line in ("", "two names", "3rd", "a b"):
        with pytest.raises(UsageError, match=r"one name|is not allowed"):
            define(line, "pass")
    assert not {"", "two", "3rd"} & set(WRITTEN)


def test_a_cell_that_is_run_again_replaces_its_program(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("one", "two"):
        define("again", f"print({word!r})")
    capsys.readouterr()
    try:
        assert mq.run_programs(["again"]).transcript().splitlines()[0].endswith("again-1     two")
    finally:
        del WRITTEN["again"]


def test_a_long_transcript_is_cut_and_says_so() -> None:
    result = mq.run_programs({"chatty": mq.program("chatty", "for n in range(300): print(n)")})
    html = result._repr_html_()
    assert html.count("<span") == 200
    assert f"and {len(result.lines) - 200} lines more" in html
