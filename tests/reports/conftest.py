"""One warehouse for all tests of reports: each works in a transaction that is never kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from tests.fixtures.servers import _database
from warehouse.engine import connect


@pytest.fixture(scope="package")
def warehouse(postgres_url: str, migrated_template: str) -> Iterator[Engine]:
    with _database(postgres_url, template=migrated_template) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


@pytest.fixture
def connection(warehouse: Engine) -> Iterator[Connection]:
    with warehouse.connect() as opened:
        yield opened
        opened.rollback()
