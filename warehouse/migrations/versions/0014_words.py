"""Axes of words beside the meaning, in the space of themes; centroids are as long as the space that they are in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "0014"
down_revision = "0013"

_BEFORE = "Mean direction of its posts, centred, length one."
_NOW = "Mean direction of its posts in the space, length one."


def upgrade() -> None:
    op.alter_column(
        "theme_version",
        "centroid",
        type_=Vector(),
        existing_type=Vector(384),
        existing_nullable=False,
        comment=_NOW,
        existing_comment=_BEFORE,
        schema="core",
    )
    op.add_column(
        "theme_space",
        sa.Column(
            "words",
            sa.LargeBinary(),
            nullable=True,
            comment="Axes of words, in the row of '*'; null where it has none.",
        ),
        schema="core",
    )


def downgrade() -> None:
    op.drop_column("theme_space", "words", schema="core")
    op.execute("delete from core.theme_version where vector_dims(centroid) <> 384")
    op.alter_column(
        "theme_version",
        "centroid",
        type_=Vector(384),
        existing_type=Vector(),
        existing_nullable=False,
        comment=_BEFORE,
        existing_comment=_NOW,
        schema="core",
    )
