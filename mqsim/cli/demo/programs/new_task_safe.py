import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="safe_tasks", durable=True)
for number in range(1, 4):
    channel.basic_publish(
        exchange="",
        routing_key="safe_tasks",
        body=f"task {number}",
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
    print("sent task", number)
connection.close()
