# new_task.py
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue")
for number in range(1, 4):
    channel.basic_publish(exchange="", routing_key="task_queue", body=f"task{number}")
    print("sent task", number)
connection.close()
