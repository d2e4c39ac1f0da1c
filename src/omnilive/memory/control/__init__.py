"""What the owner of a memory may do with it: pin, correct, forget, record, let grow too old."""
