"""What carries a guest: greenlets in this process, or a process of its own in lockstep."""
