"""A scenario's load on a real RabbitMQ, in real time: real processes, each with a pika connection of its own.

| module | its one job |
| --- | --- |
| `address` | where the RabbitMQ is, and as whom to connect |
| `load` | what is sent when, and who takes it: the same messages that a simulation has |
| `topology` | queues, exchanges and bindings under names of their own, declared and taken away |
| `sender`, `worker` | the two programs that are started |
| `crew` | those programs: started, told, listened to, ended |
| `play` | one load from the declaration to the last message |
| `probe` | small loads that show what the network and the broker take |
"""
