"""Where rows are kept: SQLite or PostgreSQL, their tables, and what differs between the two."""
