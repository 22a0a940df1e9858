"""Queues: what any queue offers (`queue`), classic and quorum ones, and what they are made of."""
