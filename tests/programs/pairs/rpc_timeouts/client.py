"""Direct reply-to, and no patience beyond half a second."""

import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
answers = {}


def on_answer(channel, method, properties, body):
    answers[properties.correlation_id] = int(body)


channel.basic_consume("amq.rabbitmq.reply-to", on_answer, auto_ack=True)


def square(number, patience=0.5):
    key = str(number)
    properties = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id=key)
    channel.basic_publish("", "squares", key.encode(), properties)
    end = time.monotonic() + patience
    while key not in answers:
        left = end - time.monotonic()
        if left <= 0:
            return "no answer in time"
        connection.process_data_events(time_limit=left)
    return answers[key]


for number in (2, 7, 1, 3):
    print(number, "->", square(number))
print("late:", sorted(answers.items()))
connection.close()
