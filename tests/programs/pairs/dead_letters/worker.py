import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.basic_qos(prefetch_count=1)


def work(channel, method, properties, body):
    text = body.decode()
    print("working on", text, "again" if method.redelivered else "for the first time")
    time.sleep(0.25)
    if text == "bad":
        channel.basic_reject(method.delivery_tag, requeue=False)
    elif text == "worse":
        channel.basic_nack(method.delivery_tag, requeue=not method.redelivered)
    else:
        channel.basic_ack(method.delivery_tag)


channel.basic_consume("work", work)
channel.start_consuming()
