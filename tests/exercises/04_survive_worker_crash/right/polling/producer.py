import sys

import pika


def send(tasks):
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    try:
        channel = connection.channel()
        channel.queue_declare(queue="task_queue", durable=True)
        channel.tx_select()
        for task in tasks:
            channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))
        channel.tx_commit()
    finally:
        connection.close()


if __name__ == "__main__":
    send(sys.argv[1:])
