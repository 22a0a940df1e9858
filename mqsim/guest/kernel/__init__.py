"""A guest from within: its runtime, its threads and clock, and how its life goes."""
