import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("calls", arguments={"x-max-priority": 3})
for number, priority in enumerate([0, 3, 1, None, 2, 9]):
    channel.basic_publish(
        "", "calls", f"{number}/{priority}".encode(), pika.BasicProperties(priority=priority)
    )
print("six calls")
connection.close()
