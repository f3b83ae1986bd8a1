"""The settings that are kept in the warehouse, all named."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_BEFORE = "timezone: the zone of all days and weeks here; views: the views that were made, and from what."
_NOW = (
    "timezone: the zone of all days and weeks here; views: the views that were made, and from what; "
    "tombstone_salt: what the ids of forgotten members are hashed with."
)


def upgrade() -> None:
    _comment(_NOW, before=_BEFORE)


def downgrade() -> None:
    _comment(_BEFORE, before=_NOW)


def _comment(comment: str, *, before: str) -> None:
    op.alter_column("setting", "name", comment=comment, existing_comment=before, schema="ops")
