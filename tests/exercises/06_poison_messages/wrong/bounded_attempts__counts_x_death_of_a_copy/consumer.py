import pika

import producer
import work


def times_back(properties):
    """How often this message has come back from the waiting queue, as its x-death header tells."""
    deaths = (properties.headers or {}).get("x-death", [])
    return sum(death["count"] for death in deaths if death["queue"] == "task_retry")


def on_task(channel, method, properties, body):
    try:
        work.do(body.decode())
    except Exception as error:
        print(error, "-", times_back(properties) + 1)
        if times_back(properties) < 2:
            channel.basic_publish("", "task_retry", body, properties)
            channel.basic_ack(method.delivery_tag)
        else:
            channel.basic_reject(method.delivery_tag, requeue=False)
    else:
        channel.basic_ack(method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
producer.declare(channel)
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", on_task)
channel.start_consuming()
