import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("failed")
for _, properties, body in channel.consume("failed", auto_ack=True):
    death = properties.headers["x-death"][0]
    print(body.decode(), "from", death["queue"], "because", death["reason"], "times", death["count"])
