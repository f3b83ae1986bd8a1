"""A weekly run may rename a theme, too."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

_BEFORE = (
    "born, named, drifted, dormant, revived; by people: renamed, merged, split, assigned, placed, retired, undone."
)
_KINDS = (
    "born, named, drifted, dormant, revived; by people or runs: renamed; "
    "by people: merged, split, assigned, placed, retired, undone."
)


def upgrade() -> None:
    op.alter_column("theme_event", "kind", comment=_KINDS, existing_comment=_BEFORE, schema="core")


def downgrade() -> None:
    op.alter_column("theme_event", "kind", comment=_BEFORE, existing_comment=_KINDS, schema="core")
