from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pika


def do(task):
    sleep(2)
    print(task, "is done")


pool = ThreadPoolExecutor(max_workers=3)
connection = pika.BlockingConnection()
channel = connection.channel()
channel.queue_declare("task_queue", durable=True)
channel.basic_consume("task_queue", lambda c, m, p, body: pool.submit(do, body.decode()), auto_ack=True)
channel.start_consuming()
