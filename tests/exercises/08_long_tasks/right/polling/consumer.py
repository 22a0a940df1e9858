import signal
import sys
import threading
import time

import pika


def seconds(body):
    return int(body[body.rindex(b"-") + 1 :])


stop = threading.Event()
signal.signal(signal.SIGINT, lambda *_: stop.set())
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("long_tasks", durable=True)
while not stop.is_set():
    method, _, body = channel.basic_get("long_tasks")
    if method is None:
        connection.sleep(2)
        continue
    end = time.time() + seconds(body)
    while time.time() < end:
        # Ten seconds of work, then a word with the broker.
        time.sleep(min(10, end - time.time()))
        connection.process_data_events()
    channel.basic_ack(method.delivery_tag)
channel.close()
connection.close()
sys.exit(0)
