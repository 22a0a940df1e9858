import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks")
for number in range(1, 4):
    channel.basic_publish(exchange="", routing_key="tasks", body=f"task {number}")
    print("sent task", number)
connection.close()
