import pika

connection = pika.BlockingConnection(pika.ConnectionParameters(host="localhost", port=5672, virtual_host="/"))
channel = connection.channel()
channel.confirm_delivery()
channel.queue_declare(queue="hello")
try:
    channel.basic_publish("", "hello", "Hello World!", mandatory=True)
except pika.exceptions.UnroutableError:
    print("there is no queue hello")
finally:
    channel.close()
    connection.close()
