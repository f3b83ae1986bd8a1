"""What a report freezes besides rows: since when posts and themes are known, open threads, its setting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

_TITLE = "Title, or the first words where it has none, masked; null where they may not be shown."
_URL = "Where a person can read it; null where the writer does not want to be quoted."
_REPLIES = "Posts by others within that time, bots and spam not counted."


def upgrade() -> None:
    op.add_column(
        "report",
        sa.Column(
            "posts_since",
            sa.Date(),
            nullable=True,
            comment="Monday of the first week whose posts are known; null without.",
        ),
        schema="mart",
    )
    op.add_column(
        "report",
        sa.Column(
            "themes_since",
            sa.Date(),
            nullable=True,
            comment="Monday of the first week whose themes are known; null without.",
        ),
        schema="mart",
    )
    op.add_column(
        "report",
        sa.Column(
            "setting",
            JSONB(),
            server_default="{}",
            nullable=False,
            comment="What its pages say besides facts, as it was then: areas with titles, the theme run and "
            "its grades.",
        ),
        schema="mart",
    )
    op.add_column(
        "report_thread",
        sa.Column(
            "is_open", sa.Boolean(), server_default=sa.true(), nullable=False, comment="Neither solved nor closed."
        ),
        schema="mart",
    )
    _comments(title=_TITLE, url=_URL, replies=_REPLIES)


def downgrade() -> None:
    op.drop_column("report_thread", "is_open", schema="mart")
    for column in ("setting", "themes_since", "posts_since"):
        op.drop_column("report", column, schema="mart")
    _comments(title="Title, masked.", url="Where a person can read it.", replies="Answers within that time.")


def _comments(**comments: str) -> None:
    for column, comment in comments.items():
        op.execute(f"comment on column mart.report_thread.{column} is '{comment}'")
