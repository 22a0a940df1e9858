import pika
from pika.exceptions import NackError, UnroutableError

MESSAGES = 5

connection = pika.BlockingConnection(pika.ConnectionParameters(host="localhost"))
channel = connection.channel()
channel.queue_declare(queue="confirmed", arguments={"x-max-length": 3, "x-overflow": "reject-publish"})
channel.queue_purge(queue="confirmed")

channel.confirm_delivery()

for number in range(MESSAGES):
    try:
        channel.basic_publish(exchange="", routing_key="confirmed", body=str(number), mandatory=True)
        print(f" [x] {number} was confirmed")
    except NackError:
        print(f" [!] {number} was nacked")

try:
    channel.basic_publish(exchange="", routing_key="nowhere", body="lost?", mandatory=True)
except UnroutableError as error:
    returned = error.messages[0]
    print(f" [!] {returned.body} came back: {returned.method.reply_text}")

connection.close()
