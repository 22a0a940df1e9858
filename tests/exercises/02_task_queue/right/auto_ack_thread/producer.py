import pika

parameters = pika.ConnectionParameters(host="localhost", port=5672)
with pika.BlockingConnection(parameters) as connection:
    channel = connection.channel()
    channel.queue_declare(queue="task_queue", durable=True)
    for n in range(3):
        channel.basic_publish(exchange="", routing_key="task_queue", body="task%d" % (n + 1))
