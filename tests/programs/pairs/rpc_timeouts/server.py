import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("squares")


def on_request(channel, method, properties, body):
    number = int(body)
    print("asked for the square of", number)
    time.sleep(number / 10)
    reply = pika.BasicProperties(correlation_id=properties.correlation_id)
    channel.basic_publish("", properties.reply_to, str(number * number).encode(), reply)
    channel.basic_ack(method.delivery_tag)


channel.basic_qos(prefetch_count=1)
channel.basic_consume("squares", on_request)
channel.start_consuming()
