import sys

import pika

waiting = set()


def on_open(connection):
    connection.channel(on_open_callback=on_channel)


def on_channel(channel):
    channel.confirm_delivery(lambda frame: answered(channel, frame), callback=lambda _: declare(channel))


def declare(channel):
    channel.queue_declare("long_tasks", durable=True, callback=lambda _: publish(channel))


def publish(channel):
    for number, task in enumerate(sys.argv[1:], 1):
        waiting.add(number)
        channel.basic_publish("", "long_tasks", task)
    if not waiting:
        channel.connection.close()


def answered(channel, frame):
    tag = frame.method.delivery_tag
    done = {number for number in waiting if number <= tag} if frame.method.multiple else {tag}
    waiting.difference_update(done)
    if not waiting:
        channel.connection.close()


def on_closed(connection, reason):
    connection.ioloop.stop()


connection = pika.SelectConnection(
    pika.ConnectionParameters("localhost"), on_open_callback=on_open, on_close_callback=on_closed
)
connection.ioloop.start()
