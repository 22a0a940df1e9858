import logging

import pika

logging.basicConfig(level=logging.WARNING)
log = logging.getLogger("hello")
log.setLevel(logging.INFO)

connection = pika.BlockingConnection()
try:
    channel = connection.channel()
    channel.queue_declare("hello", durable=True)
    for method, _, body in channel.consume("hello"):
        log.info("got %r", body)
        channel.basic_ack(method.delivery_tag)
except KeyboardInterrupt:
    connection.close()
