"""`mq.explore`: controls of a scenario, and at once what they do to it."""
