import pika
c = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
ch = c.channel()
ch.queue_declare("task_queue", durable=True)
for i in range(1, 4):
    ch.basic_publish("", "task_queue", f"task{i}", pika.BasicProperties(delivery_mode=2))
    print("Sent", i)
c.close()
