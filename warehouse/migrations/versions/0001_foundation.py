"""Schemas, and what each role may do in them, now and with every table made later."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

SCHEMAS = {
    "raw": "What arrived, as it arrived: events, offsets, dead letters. Append only.",
    "core": "Current state and history of sources, people, threads, posts, annotations and themes.",
    "mart": "What analysts read: dimensions, facts, views and reports. Holds masked text only.",
    "privacy": "Personal data and erasure. Readable by the privacy role alone.",
    "ops": "How the pipeline itself is doing: runs, imports, quality, lag.",
}

# The sink's rights in `core` are given table by table, where the tables are made: not everything there is its own.
GRANTS = {
    "raw": {
        "suara_ingest": "select, insert, update",
        "suara_pipeline": "select",
        "suara_privacy": "select, update, delete",
    },
    "core": {
        "suara_ingest": "",
        "suara_pipeline": "select, insert, update, delete",
        "suara_privacy": "select, insert, update, delete",
    },
    "mart": {
        "suara_reader": "select",
        "suara_pipeline": "select, insert, update, delete",
        "suara_privacy": "select, insert, update, delete",
    },
    "ops": {
        "suara_reader": "select",
        "suara_ingest": "select, insert, update",
        "suara_pipeline": "select, insert, update, delete",
        "suara_privacy": "select, insert, update",
    },
    "privacy": {
        "suara_ingest": "",
        "suara_pipeline": "",
        "suara_privacy": "select, insert, update, delete",
    },
}


def upgrade() -> None:
    for schema, comment in SCHEMAS.items():
        op.execute(f"create schema if not exists {schema}")
        op.execute(f"comment on schema {schema} is '{comment}'")
        for role, rights in GRANTS[schema].items():
            op.execute(f"grant usage on schema {schema} to {role}")
            if rights:
                op.execute(f"alter default privileges in schema {schema} grant {rights} on tables to {role}")
    op.execute("comment on table ops.alembic_version is 'The revision that this database is at. Grain: one row.'")
    op.execute("comment on column ops.alembic_version.version_num is 'Revision, a file in warehouse/migrations.'")
    op.execute("grant select on ops.alembic_version to suara_ingest, suara_pipeline, suara_reader, suara_privacy")


def downgrade() -> None:
    for schema, roles in GRANTS.items():
        for role, rights in roles.items():
            if rights:
                op.execute(f"alter default privileges in schema {schema} revoke {rights} on tables from {role}")
            op.execute(f"revoke usage on schema {schema} from {role}")
        if schema != "ops":  # holds Alembic's own table
            op.execute(f"drop schema {schema}")
