# %%
result = mq.run_programs(["producer", "worker"], count={"worker": 2}, faults=[{"crash": "worker-1", "at": 4}])
round(float(result.messages.finished.max()), 1)

# %%
source = """
import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks", durable=True)
channel.basic_qos(prefetch_count=1)


def work(channel, method, properties, body):
    task = body.decode()
    print("began", task)
    channel.basic_ack(method.delivery_tag)
    time.sleep(task.count("."))
    print("done ", task)


channel.basic_consume("tasks", work)
channel.start_consuming()
"""
mq.api.magic.WRITTEN["hasty"] = mq.program("hasty", source)
result = mq.run_programs(["producer", "hasty"], count={"hasty": 2}, faults=[{"crash": "hasty-1", "at": 1}])
len([line for line in result.lines if line.text.startswith("done")])
