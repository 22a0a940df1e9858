import functools
import threading

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="hello", arguments={"x-queue-type": "quorum"}, durable=True)


def work(tag, body):
    print("thread got", body.decode())
    connection.add_callback_threadsafe(functools.partial(channel.basic_ack, tag))


def callback(ch, method, properties, body):
    threading.Thread(target=work, args=(method.delivery_tag, body)).start()


channel.basic_consume("hello", callback)
channel.start_consuming()
