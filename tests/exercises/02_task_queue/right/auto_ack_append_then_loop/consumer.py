import time, pika
waiting = []
connection = pika.BlockingConnection()
ch = connection.channel()
ch.queue_declare("task_queue", durable=True)
ch.basic_consume("task_queue", lambda c, m, p, b: waiting.append(b), auto_ack=True)
while True:
    connection.process_data_events(time_limit=None)
    while waiting:
        task = waiting.pop(0)
        time.sleep(2)
        print("done", task)
