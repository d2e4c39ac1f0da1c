"""LIVE: data, training and evaluation of the streaming video language model."""
