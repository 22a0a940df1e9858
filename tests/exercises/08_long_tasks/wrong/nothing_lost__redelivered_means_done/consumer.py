"""One thread: it sleeps by `connection.sleep`, which goes on answering the broker. Ctrl-C only sets a flag."""

import signal

import pika

stopping = False


def stop(number, frame):
    global stopping
    stopping = True


def main():
    signal.signal(signal.SIGINT, stop)
    with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
        channel = connection.channel()
        channel.queue_declare("long_tasks", durable=True)
        channel.basic_qos(prefetch_count=1)
        for method, _, body in channel.consume("long_tasks", inactivity_timeout=1):
            if method is not None:
                name, _, seconds = body.decode().rpartition("-")
                if not method.redelivered:
                    connection.sleep(float(seconds))
                channel.basic_ack(method.delivery_tag)
                print("done", name)
            if stopping:
                break
        channel.cancel()


if __name__ == "__main__":
    main()
