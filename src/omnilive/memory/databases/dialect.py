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
    columns: str  # the query for name and type of the columns of a table
    last_ids: str  # the query for each table that counts its rows: name, and its last number
    snapshot: str  # begins a transaction that sees nothing of what others write meanwhile

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

    def set_last_id(self, table: str, key: str) -> str:
        """Return the statement that sets the last number given to a row of a table."""
        ...


class Sqlite:
    """SQLite's way."""

    name = "sqlite"
    greatest, least = "max", "min"
    columns = "SELECT name, upper(type) FROM pragma_table_info(?)"
    last_ids = "SELECT name, seq FROM sqlite_sequence"
    snapshot = "BEGIN"

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

    def set_last_id(self, table: str, key: str) -> str:
        """See Dialect."""
        return f"UPDATE sqlite_sequence SET seq = ? WHERE name = '{table}'"


class Postgres:
    """PostgreSQL's way."""

    name = "postgresql"
    greatest, least = "greatest", "least"
    columns = (
        "SELECT column_name, upper(data_type) FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position"
    )
    last_ids = (
        "SELECT t.relname, coalesce(pg_sequence_last_value(s.oid), 0) FROM pg_class s "
        "JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'i' "
        "JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S' "
        "AND t.relnamespace = current_schema()::regnamespace"
    )
    snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

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

    def set_last_id(self, table: str, key: str) -> str:
        """See Dialect."""
        return f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), ?)"
