"""Trains the learned compressor of memory and measures it."""
