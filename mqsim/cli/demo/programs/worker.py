import time
import pika

def work(channel, method, properties, body):
    print("started", body.decode())
    time.sleep(2)
    print("done   ", body.decode())

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks")
channel.basic_consume(queue="tasks", on_message_callback=work, auto_ack=True)
channel.start_consuming()
