"""A file, device or URL in; pictures and sound on one session clock out."""
