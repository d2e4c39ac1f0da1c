"""Runs a benchmark: pictures chosen, questions put, replies marked and kept, a report made."""
