"""Send task1, task2 and task3 to the queue `task_queue`."""

import pika

# Write your code here.
...
