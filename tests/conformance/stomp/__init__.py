"""What RabbitMQ's STOMP plugin does: conversations, recorded from a real one, played against ours."""
