"""Saves the work where the effect is there already; the last word is with `record_once`."""

import logging
import time

import ledger
import pika

log = logging.getLogger("once")


class Once:
    def __init__(self, key):
        self.key = key

    def patiently(self, ask, *more):
        while True:
            try:
                return ask(self.key, *more)
            except ledger.LedgerError as error:
                log.warning("%s", error)
                time.sleep(1)

    @property
    def done(self):
        return self.patiently(ledger.seen)

    def finish(self):
        return self.patiently(ledger.record_once, "done")


def main():
    with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
        channel = connection.channel()
        channel.queue_declare(queue="task_queue", durable=True)
        channel.basic_qos(prefetch_count=1)
        for method, _, body in channel.consume("task_queue"):
            task = body.decode()
            effect = Once(task)
            if Once("claim " + task).finish():
                time.sleep(task.count("."))
                effect.finish()
            channel.basic_ack(method.delivery_tag)


if __name__ == "__main__":
    main()
