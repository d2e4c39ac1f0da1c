"""The streaming video language model (LIVE): it reads frames and decides at each whether to speak."""
