"""Benchmarks: one file each, and what they share. `base.py` is where to begin."""
