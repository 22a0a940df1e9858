"""Where a quorum queue puts what comes back, by version and limit, as docs/semantics.md says."""

from __future__ import annotations

import pytest

import mqsim as mq

PROGRAM = """
import sys
import pika
arguments = {"x-queue-type": "quorum"}
if sys.argv[1] == "limit":
    arguments["x-delivery-limit"] = 5
connection = pika.BlockingConnection()
channel = connection.channel()
channel.queue_declare("q", durable=True, arguments=arguments)
for body in ("a", "b", "c"):
    channel.basic_publish("", "q", body)
connection.sleep(0.5)
def take(channel):
    return channel.basic_get("q")
if sys.argv[2] == "nack":
    method, _, _ = take(channel)
    channel.basic_nack(method.delivery_tag, requeue=True)
else:
    other = pika.BlockingConnection()
    take(other.channel())
    other.close()
connection.sleep(0.5)
print("".join(take(channel)[2].decode() for _ in range(3)))
"""


@pytest.mark.parametrize(
    ("version", "limit", "how", "order"),
    [
        ("3.10", "none", "nack", "bca"),
        ("3.10", "none", "close", "abc"),
        ("3.10", "limit", "nack", "abc"),
        ("4.0", "none", "nack", "abc"),
        ("4.0", "limit", "close", "abc"),
        ("4.3", "none", "nack", "abc"),
        ("4.3", "limit", "nack", "abc"),
    ],
)
def test_where_what_comes_back_goes(version: str, limit: str, how: str, order: str) -> None:
    program = mq.program("one", PROGRAM)
    run = mq.run_programs({"one": program}, args={"one": [limit, how]}, profile=version)
    assert [line.text for line in run.lines if line.text in ("abc", "bca", "acb")] == [order]
