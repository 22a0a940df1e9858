"""The same small queueing systems, run by mqsim and by other simulators, side by side."""
