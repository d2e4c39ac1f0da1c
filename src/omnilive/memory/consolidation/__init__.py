"""Keeps a session inside its budget: what is old is told more coarsely, a little at a time."""
