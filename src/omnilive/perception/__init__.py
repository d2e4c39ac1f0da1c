"""Frames and sound in, percepts out: words, sounds, objects, screen text, scenes."""
