import pika
ch = pika.BlockingConnection().channel()
ch.queue_declare("hello")
ch.basic_consume("hello", lambda ch, m, p, b: ch.basic_ack(m.delivery_tag), auto_ack=True)
ch.start_consuming()
