"""`mq.predict`: a guess before the picture, kept and shown beside the answer."""
