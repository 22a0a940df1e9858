import pika

with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
    channel = connection.channel()
    channel.exchange_declare("news", exchange_type="fanout")
    for number in range(4):
        channel.basic_publish("news", "", f"item {number}".encode())
        connection.sleep(0.4)
    channel.basic_publish("news", "", b"end")
print("all published")
