"""What a dead letter needs to be sent again as it was, and why a person gave one up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "rejected_event",
        sa.Column(
            "record_headers",
            ARRAY(sa.LargeBinary()),
            nullable=True,
            comment="The record's own headers: name, value, name, value; null in rows older than this column.",
        ),
        schema="raw",
    )
    op.add_column(
        "rejected_event",
        sa.Column("resolution", sa.Text(), nullable=True, comment="Why it was discarded, as a person put it."),
        schema="raw",
    )


def downgrade() -> None:
    for column in ("resolution", "record_headers"):
        op.drop_column("rejected_event", column, schema="raw")
