import logging
import time

import ledger
import pika

logging.basicConfig(level=logging.ERROR)
log = logging.getLogger(__name__)


def tasks(connection):
    channel = connection.channel()
    channel.queue_declare("task_queue", durable=True, arguments={"x-queue-type": "quorum"})
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("task_queue"):
        yield body.decode()
        channel.basic_ack(method.delivery_tag)


def main():
    pause = 0.1
    while True:
        try:
            connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
            pause = 0.1
            for task in tasks(connection):
                time.sleep(task.count("."))
                ledger.record_once(task)
        except pika.exceptions.AMQPConnectionError as error:
            log.warning("lost the broker: %r", error)
        except pika.exceptions.AMQPChannelError as error:
            log.warning("lost the channel: %r", error)
        time.sleep(pause)
        pause = min(2 * pause, 2)


main()
