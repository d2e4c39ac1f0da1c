"""Databases that tests of several folders share."""

import itertools
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from omnilive_lab.postgres import postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL of this test run, begun when the first test wants it."""
    with postgres() as url:
        with closing(psycopg.connect(url, autocommit=True)) as db:
            db.execute("CREATE DATABASE ready")
        with closing(psycopg.connect(_named(url, "ready"), autocommit=True)) as db:
            db.execute("CREATE EXTENSION vector")
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of a database with pgvector and no session in it; tests take turns in it."""
    url = _named(postgres_server, "ready")
    with closing(psycopg.connect(url, autocommit=True)) as db:
        left = db.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'omnilive%'")
        for (name,) in left.fetchall():
            db.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
    return url


@pytest.fixture
def bare_url(postgres_server: str) -> str:
    """The URL of another database, in which there is not even pgvector."""
    name = f"bare{next(_numbers)}"
    with closing(psycopg.connect(postgres_server, autocommit=True)) as db:
        db.execute(f"CREATE DATABASE {name}".encode())
    return _named(postgres_server, name)


def _named(url: str, database: str) -> str:
    return f"{url.rsplit('/', 1)[0]}/{database}"
