import time

import ledger
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
while True:
    method, properties, body = channel.basic_get("task_queue")
    if not method:
        connection.sleep(0.5)
        continue
    time.sleep(body.count(b"."))
    try:
        ledger.record_once(body)
    except ledger.LedgerError:
        connection.sleep(1)
        channel.basic_nack(method.delivery_tag)
    else:
        channel.basic_ack(method.delivery_tag)
