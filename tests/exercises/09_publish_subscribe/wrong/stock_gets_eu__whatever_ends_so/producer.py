import sys

import pika


def parse(argument):
    key, text = argument.split("=", 1)
    return key, text.encode()


def main(arguments):
    with pika.BlockingConnection() as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.exchange_declare("events", "topic", durable=True)
        for key, body in map(parse, arguments):
            channel.basic_publish("events", key, body, pika.BasicProperties(delivery_mode=2))


if __name__ == "__main__":
    main(sys.argv[1:])
