import json
import sys
from datetime import datetime

import pika
from totals import Totals

most = int(sys.argv[1])
totals = Totals()

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("measurements")

for method, properties, body in channel.consume("measurements", inactivity_timeout=0.6):
    if method is None:
        print("nothing for a while")
        break
    item = json.loads(body)
    age = datetime.now() - datetime.fromisoformat(item["at"])
    totals.add(item["value"])
    recent = "fresh" if age.total_seconds() < 5 else "old"
    print(properties.content_type, properties.headers, item["value"], recent)
    channel.basic_ack(method.delivery_tag)
    if totals.count == most:
        print("that is all")

print("given back:", channel.cancel(), "-", totals)
connection.close()
sys.exit(3)
