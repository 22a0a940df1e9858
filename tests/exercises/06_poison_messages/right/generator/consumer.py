"""Counts the tries in a header: a failed task is sent again with a higher count, three times at most."""

import logging

import pika

import work
from topology import TASKS, declare

log = logging.getLogger("consumer")
MOST_TRIES = 3


def handle(channel, method, properties, body):
    tries = (properties.headers or {}).get("tries", 0) + 1
    try:
        work.do(body)
    except Exception:
        log.exception("%r failed for the %d. time", body, tries)
        if tries >= MOST_TRIES:
            channel.basic_reject(method.delivery_tag, requeue=False)
            return
        again = pika.BasicProperties(delivery_mode=2, headers={"tries": tries})
        channel.basic_publish("", TASKS, body, again)
    channel.basic_ack(method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.confirm_delivery()
declare(channel)
channel.basic_qos(prefetch_count=1)
for method, properties, body in channel.consume(TASKS):
    handle(channel, method, properties, body)
