"""Percepts in, moments and a durable event log out; recall finds the evidence again."""
