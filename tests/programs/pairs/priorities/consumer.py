import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.basic_qos(prefetch_count=1)
taken = []


def take(channel, method, properties, body):
    taken.append(body.decode())
    print("call", body.decode(), properties.priority)
    connection.call_later(0.2, lambda: finish(method.delivery_tag))


def finish(tag):
    channel.basic_ack(tag)
    if len(taken) == 6:
        channel.stop_consuming()


channel.basic_consume("calls", take)
channel.start_consuming()
print(" ".join(taken))
connection.close()
