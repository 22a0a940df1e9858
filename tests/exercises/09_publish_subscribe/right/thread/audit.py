import functools
import queue
import threading

import ledger
import pika

events = queue.Queue()


def recorder(connection, channel):
    while True:
        tag, key, body = events.get()
        ledger.record(f"audit {key} {body.decode()}")
        connection.add_callback_threadsafe(functools.partial(channel.basic_ack, tag))


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare("events", exchange_type="topic", durable=True)
channel.queue_declare("audit", durable=True)
channel.queue_bind("audit", "events", routing_key="#")
threading.Thread(target=recorder, args=(connection, channel), daemon=True).start()
channel.basic_consume("audit", lambda ch, m, p, body: events.put((m.delivery_tag, m.routing_key, body)))
channel.start_consuming()
