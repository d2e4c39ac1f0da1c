"""Who speaks when: turns, interruption, watches."""
