import pika


def on_open(connection):
    connection.channel(on_open_callback=on_channel)


def on_channel(channel):
    channel.queue_declare("task_queue", durable=False, callback=lambda _: publish(channel))


def publish(channel):
    for number in range(3):
        channel.basic_publish("", "task_queue", f"task{number + 1}")
    channel.connection.close()


connection = pika.SelectConnection(
    pika.ConnectionParameters("localhost"),
    on_open_callback=on_open,
    on_close_callback=lambda connection, reason: connection.ioloop.stop(),
)
connection.ioloop.start()
