import time

import pika

with pika.BlockingConnection(pika.ConnectionParameters(host="localhost")) as connection:
    channel = connection.channel()
    channel.queue_declare("task_queue")
    try:
        for method, properties, body in channel.consume("task_queue", auto_ack=True):
            print(f"[{time.time():.0f}] {body!r} ...")
            time.sleep(2)
            print(f"[{time.time():.0f}] {body!r} ready")
    except KeyboardInterrupt:
        channel.cancel()
