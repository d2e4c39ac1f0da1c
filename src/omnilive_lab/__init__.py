"""Training, evaluation and benchmarks; may import omnilive, never the reverse."""
