"""What RabbitMQ does, as a body of facts, recorded from real servers and held against them."""
