import threading

import pika


def send():
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare(queue="hello", arguments={"x-queue-type": "quorum"}, durable=True)
    channel.basic_publish(exchange="", routing_key="hello", body="Hello World!")
    connection.close()


thread = threading.Thread(target=send)
thread.start()
thread.join()
