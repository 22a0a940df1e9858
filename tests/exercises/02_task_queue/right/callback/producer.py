"""Send task1, task2 and task3 to the queue `task_queue`."""

import pika

# BEGIN SOLUTION
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
for number in range(1, 4):
    channel.basic_publish(
        exchange="",
        routing_key="task_queue",
        body=f"task{number}",
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
    print(f"sent task{number}")
connection.close()
# END SOLUTION
