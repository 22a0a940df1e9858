"""What an ordinary program uses: arguments, logging, dates, chance, a queue between threads, JSON."""

import argparse
import json
import logging
import queue
import random
import sys
import threading
from datetime import datetime, timedelta

import pika

parser = argparse.ArgumentParser()
parser.add_argument("count", type=int)
parser.add_argument("--pause", type=float, default=0.1)
options = parser.parse_args()

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(threadName)s: %(message)s")
logging.getLogger("pika").setLevel(logging.WARNING)
log = logging.getLogger("producer")

random.seed(42)
waiting = queue.Queue(maxsize=2)


def measure():
    for number in range(options.count):
        waiting.put({"number": number, "value": random.randint(1, 6), "at": datetime.now().isoformat()})
        log.info("measured %d", number)
    waiting.put(None)


started = datetime.now()
threading.Thread(target=measure, name="sensor").start()

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("measurements")
while (item := waiting.get()) is not None:
    connection.sleep(options.pause)
    properties = pika.BasicProperties(content_type="application/json", headers={"number": item["number"]})
    channel.basic_publish("", "measurements", json.dumps(item).encode(), properties)
    log.info("sent %(number)d: a %(value)d", item)
connection.close()
took = datetime.now() - started
log.info("%s", "in time" if timedelta(seconds=0.5) < took < timedelta(seconds=2) else f"took {took}")
