import pika


def main():
    with pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@localhost:5672/%2F")) as connection:
        channel = connection.channel()
        channel.queue_declare("hello", durable=True, auto_delete=True)
        channel.basic_publish(
            "",
            "hello",
            b"Hello World!",
            properties=pika.BasicProperties(content_type="text/plain", delivery_mode=2),
        )


if __name__ == "__main__":
    main()
