"""One thread: it sleeps by `connection.sleep`, which goes on answering the broker. Ctrl-C only sets a flag."""

import signal
import threading
import time

import pika

stopping = False


def stop(number, frame):
    global stopping
    stopping = True


def with_heartbeats(connection, channel, seconds):
    done = threading.Event()

    def beat():
        while not done.wait(20):
            channel.queue_declare("long_tasks", passive=True)

    threading.Thread(target=beat, daemon=True).start()
    time.sleep(seconds)
    done.set()


def main():
    signal.signal(signal.SIGINT, stop)
    with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
        channel = connection.channel()
        channel.queue_declare("long_tasks", durable=True)
        channel.basic_qos(prefetch_count=1)
        for method, _, body in channel.consume("long_tasks", inactivity_timeout=1):
            if method is not None:
                name, _, seconds = body.decode().rpartition("-")
                with_heartbeats(connection, channel, float(seconds))
                channel.basic_ack(method.delivery_tag)
                print("done", name)
            if stopping:
                break
        channel.cancel()


if __name__ == "__main__":
    main()
