"""Commands of the lab. The command line loads them by name; what is heavy comes when one runs."""
