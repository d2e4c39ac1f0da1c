"""Sound in, percepts out: who speaks when, which words, which other sounds."""
