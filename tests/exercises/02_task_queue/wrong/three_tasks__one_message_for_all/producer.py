import pika

conn = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
ch = conn.channel()
ch.queue_declare("task_queue", False, True)
ch.basic_publish("", "task_queue", "task1 task2 task3")
ch.close()
conn.close()
