"""What drives guests in the world: actors, their processes, the broker's port, the transcript."""
