import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("failed")
arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "failed", "x-message-ttl": 1500}
channel.queue_declare("work", arguments=arguments)
channel.confirm_delivery()
for body in ("good", "bad", "worse", "good too", "late"):
    channel.basic_publish("", "work", body.encode(), pika.BasicProperties(message_id=body[:3]))
    print("confirmed", body)
connection.close()
