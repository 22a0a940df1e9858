import pika
with pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@localhost:5672/%2F")) as c:
    ch = c.channel()
    ch.queue_declare(queue="hello")
    ch.basic_publish("", "hello", "Hello World!".encode())
