import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.tx_select()
for number in (1, 2, 3):
    channel.basic_publish(exchange="", routing_key="task_queue", body="task" + str(number))
channel.tx_commit()
connection.close()
