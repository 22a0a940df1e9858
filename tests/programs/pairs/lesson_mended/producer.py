import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks", durable=True)

for i in range(1, 4):
    channel.basic_publish(
        exchange="",
        routing_key="tasks",
        body=f"task {i}",
        properties=pika.BasicProperties(delivery_mode=2),
    )
    print("sent", f"task {i}")

connection.close()
