"""Who says who answers for a theme, and the edits that people make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_BEFORE = "born, named, drifted, dormant, revived; by people: renamed, merged, split, assigned, retired, undone."
_KINDS = "born, named, drifted, dormant, revived; by people: renamed, merged, split, assigned, placed, retired, undone."


def upgrade() -> None:
    op.add_column(
        "theme",
        sa.Column("owner_source", sa.Text(), nullable=True, comment="rule: the owner of its area; or person."),
        schema="core",
    )
    op.alter_column("theme_event", "kind", comment=_KINDS, existing_comment=_BEFORE, schema="core")


def downgrade() -> None:
    op.alter_column("theme_event", "kind", comment=_BEFORE, existing_comment=_KINDS, schema="core")
    op.drop_column("theme", "owner_source", schema="core")
