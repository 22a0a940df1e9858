"""Send each task of the command line: python producer.py resize... tag. crop.."""

import sys

import pika

# Write your code here.
...
