"""A quorum queue counts what is rejected: `x-delivery-count`."""

import pika

import work

QUORUM = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": "dlx",
    "x-dead-letter-routing-key": "dead",
    "x-dead-letter-strategy": "at-most-once",
}

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare("dlx", "direct", durable=True)
channel.queue_declare("dead_tasks", durable=True, arguments={"x-queue-type": "quorum"})
channel.queue_bind("dead_tasks", "dlx", "dead")
channel.queue_declare("task_queue", durable=True, arguments=QUORUM)

while True:
    method, properties, body = channel.basic_get("task_queue")
    if method is None:
        connection.sleep(0.5)
        continue
    returned = (properties.headers or {}).get("x-delivery-count", 0)
    try:
        work.do("bad " + str(body))
    except Exception as error:
        print("try", returned + 1, error)
        channel.basic_reject(method.delivery_tag, requeue=returned < 3)
    else:
        channel.basic_ack(method.delivery_tag)
