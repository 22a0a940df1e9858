import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks", durable=True)
channel.basic_qos(prefetch_count=1)


def callback(ch, method, properties, body):
    print("received", body.decode(), "again" if method.redelivered else "")
    time.sleep(1)
    ch.basic_ack(delivery_tag=method.delivery_tag)
    print("done", body.decode())


channel.basic_consume(queue="tasks", on_message_callback=callback)
print("waiting")
try:
    channel.start_consuming()
except KeyboardInterrupt:
    print("closing time")
    channel.stop_consuming()
connection.close()
print("closed")
