"""The other simulators, each written the way its own documentation teaches."""
