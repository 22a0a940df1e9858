import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("box")
for number in range(3):
    channel.basic_publish("", "box", f"letter {number}".encode())
    print("posted", number)
    time.sleep(0.5)
connection.close()
