"""How Alembic runs the revisions: on the connection that `warehouse.migrate` opened, inside its transaction."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pgvector.sqlalchemy  # noqa: F401  (teaches reflection the type `vector`)
from alembic import context
from sqlalchemy import text

from warehouse.tables import METADATA, SCHEMAS

connection = context.config.attributes["connection"]
PARTITIONS = set(
    connection.execute(text("select relname from pg_class where relispartition and relkind in ('r', 'p')")).scalars()
)


def include_name(name: str | None, kind: str, _parents: MutableMapping[Any, Any]) -> bool:
    """Look at our schemas only."""
    return name in SCHEMAS if kind == "schema" else True


def include_object(_object: object, name: str | None, kind: str, *_where: object) -> bool:
    """Leave partitions alone: they come and go with the months."""
    return not (kind == "table" and name in PARTITIONS)


context.configure(
    connection=connection,
    target_metadata=METADATA,
    include_schemas=True,
    include_name=include_name,
    include_object=include_object,
    compare_server_default=True,
    version_table_schema="ops",
)
context.run_migrations()
