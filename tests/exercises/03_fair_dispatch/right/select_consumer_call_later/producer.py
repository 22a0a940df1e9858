import sys, pika
c = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
ch = c.channel()
ch.queue_declare("task_queue", durable=True)
for i in sys.argv[1:]:
    ch.basic_publish("", "task_queue", i, pika.BasicProperties(delivery_mode=2))
    print("Sent", i)
c.close()
