"""What both programs declare."""

TASKS = "task_queue"
DEAD = "dead_tasks"


def declare(channel):
    channel.exchange_declare("dead_letters", exchange_type="fanout", durable=True)
    channel.queue_declare(DEAD, durable=True)
    channel.queue_bind(DEAD, "dead_letters")
    channel.queue_declare(TASKS, durable=True, arguments={"x-dead-letter-exchange": "dead_letters"})
