"""The fragments of SQL in which the two databases differ; everything else is written once.

Statements are written with `?` marks, `RETURNING`, `ON CONFLICT`, `TRUE` and `FALSE`, which both
understand. What differs as a whole, full text and vectors, has modules of its own.
"""

from typing import Protocol


class Dialect(Protocol):
    """How one database says what the other says in other words."""

    name: str
    greatest: str  # the function that returns the greatest of its arguments
    least: str

    def field(self, column: str, name: str) -> str:
        """Return the value at the top of a JSON column: NULL, or something to compare as text."""
        ...

    def is_set(self, column: str, name: str) -> str:
        """Return the condition that a JSON field is there and neither 0 nor false."""
        ...

    def number(self, text: str) -> str:
        """Return the whole number with which a text begins, NULL for NULL."""
        ...

    def aside(self, column: str) -> str:
        """Return the column in a form that shall not choose the index."""
        ...


class Sqlite:
    """SQLite's way."""

    name = "sqlite"
    greatest, least = "max", "min"

    def field(self, column: str, name: str) -> str:
        """See Dialect."""
        return f"json_extract({column}, '$.{name}')"  # word for word as in the index fact_label

    def is_set(self, column: str, name: str) -> str:
        """See Dialect."""
        return f"coalesce(json_extract({column}, '$.{name}'), 0) != 0"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST({text} AS INTEGER)"

    def aside(self, column: str) -> str:
        """See Dialect."""
        return f"+{column}"


class Postgres:
    """PostgreSQL's way."""

    name = "postgresql"
    greatest, least = "greatest", "least"

    def field(self, column: str, name: str) -> str:
        """See Dialect."""
        return f"({column}::json ->> '{name}')"  # word for word as in the index fact_label

    def is_set(self, column: str, name: str) -> str:
        """See Dialect."""
        return f"coalesce({column}::json ->> '{name}', '0') NOT IN ('0', 'false')"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST(substring({text} FROM '^[0-9]{{1,18}}') AS BIGINT)"

    def aside(self, column: str) -> str:
        """See Dialect."""
        return column  # its planner counts by itself
