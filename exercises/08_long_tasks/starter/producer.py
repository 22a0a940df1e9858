"""Send each task of the command line: python producer.py film-300 note-5"""

import sys

import pika

# Write your code here.
...
