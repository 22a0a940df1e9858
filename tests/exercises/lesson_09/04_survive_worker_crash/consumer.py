# worker.py
import time
import ledger
import pika

def work(channel, method, properties, body):
    print("started", body.decode())
    time.sleep(body.count(b"."))
    ledger.record(body)
    print("done   ", body.decode())

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_consume(queue="task_queue", on_message_callback=work, auto_ack=True)
channel.start_consuming()
