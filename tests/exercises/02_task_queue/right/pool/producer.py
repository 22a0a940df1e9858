import pika

conn = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
ch = conn.channel()
ch.queue_declare("task_queue", False, True)
for task in "task1 task2 task3".split():
    ch.basic_publish("", "task_queue", task)
ch.close()
conn.close()
