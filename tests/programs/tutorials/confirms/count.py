import pika

connection = pika.BlockingConnection(pika.ConnectionParameters(host="localhost"))
channel = connection.channel()
while True:
    method, properties, body = channel.basic_get(queue="confirmed", auto_ack=True)
    if method is None:
        break
    print(f" [x] {body.decode()}, then {method.message_count} more")
connection.close()
