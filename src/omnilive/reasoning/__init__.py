"""A question in, an answer with evidence out: computed where it can be, worded by a model."""
