import time, pika
def work(ch, method, properties, body):
    print("start", body.decode())
    time.sleep(2)
    print("done", body.decode())
    ch.basic_ack(delivery_tag=method.delivery_tag)
c = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
ch = c.channel()
ch.queue_declare("task_queue", durable=True)
ch.basic_qos(prefetch_count=1)
ch.basic_consume("task_queue", work, auto_ack=True)
ch.start_consuming()
