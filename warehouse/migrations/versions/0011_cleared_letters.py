"""When and why a dead letter lost its words: by its age, or because its member was forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column(
        "rejected_event",
        sa.Column(
            "cleared_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its payload, key and own headers were deleted; the row stays.",
        ),
        schema="raw",
    )
    op.add_column(
        "rejected_event",
        sa.Column(
            "cleared_because",
            sa.Text(),
            nullable=True,
            comment="Why they were: age, or erasure of the member who wrote it.",
        ),
        schema="raw",
    )
    op.create_check_constraint(
        op.f("ck_rejected_event_cleared_because"),
        "rejected_event",
        "cleared_because in ('age', 'erasure')",
        schema="raw",
    )


def downgrade() -> None:
    for column in ("cleared_because", "cleared_at"):
        op.drop_column("rejected_event", column, schema="raw")
