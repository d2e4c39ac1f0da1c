"""What every other folder builds on: events, clock, channels, workers, errors, config."""
