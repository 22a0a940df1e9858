"""What RabbitMQ's STOMP plugin does: scripted conversations, recorded from a real one, played against ours."""
