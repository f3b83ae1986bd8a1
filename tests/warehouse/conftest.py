"""A database of the test's own, written to as the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tests.warehouse.rows import Rows
from warehouse.engine import connect


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    """One transaction as the pipeline, never committed."""
    engine = connect(warehouse_url, role="pipeline")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def rows(connection: Connection) -> Rows:
    return Rows(connection)
