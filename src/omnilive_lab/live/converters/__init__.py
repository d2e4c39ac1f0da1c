"""From published annotations to timelines: one file a format."""
