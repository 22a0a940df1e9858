#!/usr/bin/env python
"""Acknowledges every task when the queue has been quiet for a while: several at once, with `multiple`."""

import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters(host="localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
last = None

for method, _, body in channel.consume("task_queue", inactivity_timeout=1):
    if method is None:
        if last is not None:
            channel.basic_nack(last, multiple=True, requeue=True)
            last = None
        continue
    print(f" [x] Received {body.decode()}")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        time.sleep(0.1)
    last = method.delivery_tag
    print(" [x] Done")
