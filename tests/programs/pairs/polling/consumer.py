import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("box")
empty = 0
while empty < 3:
    method, properties, body = channel.basic_get("box")
    if method is None:
        empty += 1
        print("empty", empty)
    else:
        print("found", body.decode(), "and", method.message_count, "more")
        channel.basic_ack(method.delivery_tag)
    time.sleep(0.45)
connection.close()
