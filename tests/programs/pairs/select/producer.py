import pika


def on_open(connection):
    print("open")
    connection.channel(on_open_callback=on_channel)


def on_channel(channel):
    channel.confirm_delivery(on_confirm)
    channel.queue_declare("orders", callback=lambda _: publish(channel, 1))


def publish(channel, number):
    channel.basic_publish("", "orders", f"order {number}".encode())
    print("published", number)
    if number < 4:
        channel.connection.ioloop.call_later(0.25, lambda: publish(channel, number + 1))
    else:
        channel.connection.ioloop.call_later(0.5, channel.connection.close)


def on_confirm(frame):
    print("confirmed", frame.method.delivery_tag, type(frame.method).__name__)


def on_close(connection, reason):
    print("closed", reason.reply_code, reason.reply_text)
    connection.ioloop.stop()


connection = pika.SelectConnection(
    pika.ConnectionParameters("localhost"), on_open_callback=on_open, on_close_callback=on_close
)
connection.ioloop.start()
