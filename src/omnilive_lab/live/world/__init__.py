"""A synthetic world: rendered videos of simple events, with exact times and a dialogue."""
