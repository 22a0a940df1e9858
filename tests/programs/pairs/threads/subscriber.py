"""Works in threads, so that heartbeats go on, and acknowledges on the connection's own thread."""

import functools
import threading
import time

import pika

threads = []


def acknowledge(channel, tag, text):
    channel.basic_ack(tag)
    print("acknowledged", text, "on", threading.current_thread().name)
    if text == "end":
        channel.stop_consuming()


def work(connection, channel, tag, body):
    text = body.decode()
    time.sleep(0.7 if text.endswith("1") else 0.2)
    print("worked on", text)
    connection.add_callback_threadsafe(functools.partial(acknowledge, channel, tag, text))


def on_message(channel, method, properties, body, connection):
    print("got", body.decode())
    thread = threading.Thread(target=work, args=(connection, channel, method.delivery_tag, body))
    thread.start()
    threads.append(thread)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", heartbeat=5))
channel = connection.channel()
channel.exchange_declare("news", exchange_type="fanout")
queue = channel.queue_declare("", exclusive=True).method.queue
channel.queue_bind(queue, "news")
channel.basic_qos(prefetch_count=3)
channel.basic_consume(queue, functools.partial(on_message, connection=connection))
print("listening")
channel.start_consuming()
for thread in threads:
    thread.join()
connection.close()
print("closed after", len(threads), "items")
