import sys

import pika

from topology import TASKS, declare

with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    declare(channel)
    for task in sys.argv[1:]:
        channel.basic_publish("", TASKS, task, pika.BasicProperties(delivery_mode=2, headers={"tries": 0}))
