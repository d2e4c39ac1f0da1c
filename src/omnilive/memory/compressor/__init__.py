"""The learned compressor: clips to tokens, tokens to a long-term memory, questions to clips."""
