import pika
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ChannelWrongStateError


def attempt(what, act):
    channel = connection.channel()
    try:
        act(channel)
        print(what, "went well")
    except ChannelClosedByBroker as error:
        print(what, error.reply_code, error.reply_text.split(" in vhost")[0])
        try:
            channel.basic_publish("", "ours", b"x")
        except ChannelWrongStateError as second:
            print("and then:", second)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
attempt("exclusive", lambda channel: channel.queue_declare("mine"))
attempt("not durable", lambda channel: channel.queue_declare("ours", durable=False))
attempt("passive", lambda channel: channel.queue_declare("nobody's", passive=True))
attempt("unknown exchange", lambda channel: channel.queue_bind("ours", "nowhere"))
attempt("delivery tag", lambda channel: (channel.basic_ack(9), channel.queue_declare("ours", passive=True)))
attempt("as it is", lambda channel: channel.queue_declare("ours", durable=True))
connection.close()

wrong = pika.ConnectionParameters("localhost", credentials=pika.PlainCredentials("guest", "wrong"))
try:
    pika.BlockingConnection(wrong)
except AMQPConnectionError as error:
    print(type(error).__name__)
