"""The commands, one file a group. What is heavy is imported when a command runs, never before."""
