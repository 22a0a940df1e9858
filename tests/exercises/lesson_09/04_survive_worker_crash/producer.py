# new_task.py
import sys
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
for task in sys.argv[1:]:
    channel.basic_publish(exchange="", routing_key="task_queue", body=task)
    print("sent", task)
connection.close()
