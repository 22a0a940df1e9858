"""Ask for a task, do it; where there is none, look again in half a second."""

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
idle = 0
while idle < 60:
    method, _, body = channel.basic_get("task_queue")
    if method is None:
        idle += 1
        connection.sleep(0.5)
        continue
    idle = 0
    print(body.decode(), "is done")
    channel.basic_ack(method.delivery_tag)
connection.close()
