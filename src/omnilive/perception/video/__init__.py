"""Pictures in, percepts out: scene changes, objects that come and go, text on screen."""
