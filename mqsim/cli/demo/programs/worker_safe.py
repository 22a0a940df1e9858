import time
import pika

def work(channel, method, properties, body):
    print("started", body.decode(), "(again)" if method.redelivered else "")
    time.sleep(2)
    print("done   ", body.decode())
    channel.basic_ack(delivery_tag=method.delivery_tag)

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="safe_tasks", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="safe_tasks", on_message_callback=work)
channel.start_consuming()
