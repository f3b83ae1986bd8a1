"""Databases for these tests: one of a test's own where it commits, else one that all share and nobody changes."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, make_url

from tests.warehouse.rows import Rows
from warehouse.engine import connect, conninfo


@pytest.fixture(scope="session")
def shared_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """A migrated database for tests that never commit."""
    name = "shared_by_tests"
    with psycopg.connect(conninfo(postgres_url), autocommit=True) as server:
        server.execute(f'create database "{name}" template "{migrated_template}"'.encode())
        yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        server.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture
def connection(shared_url: str) -> Iterator[Connection]:
    """One transaction as the pipeline, never committed."""
    engine = connect(shared_url, role="pipeline")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def rows(connection: Connection) -> Rows:
    return Rows(connection)
