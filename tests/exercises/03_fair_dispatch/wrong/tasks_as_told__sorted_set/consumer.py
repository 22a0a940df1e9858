import functools
import logging
import threading
import time

import pika

logging.basicConfig(level=logging.INFO, format="%(threadName)s %(message)s")
logging.getLogger("pika").setLevel(logging.WARNING)


def ack(channel, tag):
    if channel.is_open:
        channel.basic_ack(tag)


def do_work(channel, tag, body):
    logging.info("working on %s", body.decode())
    time.sleep(body.count(b"."))
    channel.connection.add_callback_threadsafe(functools.partial(ack, channel, tag))


def on_message(channel, method, properties, body):
    threading.Thread(target=do_work, args=(channel, method.delivery_tag, body), daemon=True).start()


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", heartbeat=30))
channel = connection.channel()
channel.queue_declare("task_queue", durable=True, arguments={"x-queue-type": "quorum"})
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", on_message)
try:
    channel.start_consuming()
except KeyboardInterrupt:
    channel.stop_consuming()
connection.close()
