"""Standing watches: rules in plain words, run over the log, with reasons for every alert."""
