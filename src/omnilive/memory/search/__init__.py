"""Finds rows by their words and by what they mean, in memories of any size."""
