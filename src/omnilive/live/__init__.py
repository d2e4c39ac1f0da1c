"""The streaming video language model (LIVE): it decides at every frame whether to speak."""
