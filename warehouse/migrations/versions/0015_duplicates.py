"""What holds posts that say the same together, and people's decisions that one of them is no copy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_BEFORE = "The earlier post that says the same, exactly or nearly."
_NOW = "The earliest post that says the same, exactly or nearly; no copy itself."


def upgrade() -> None:
    op.create_table(
        "duplicate_link",
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column(
            "earlier_id",
            sa.BigInteger(),
            nullable=False,
            comment=(
                "An earlier post that says the same: the first, in the days before it, of a group that the post joins."
            ),
        ),
        sa.ForeignKeyConstraint(["post_id"], ["core.post.post_id"], name=op.f("fk_duplicate_link_post_id")),
        sa.ForeignKeyConstraint(["earlier_id"], ["core.post.post_id"], name=op.f("fk_duplicate_link_earlier_id")),
        sa.PrimaryKeyConstraint("post_id", "earlier_id", name=op.f("pk_duplicate_link")),
        schema="core",
        comment="What holds posts that say the same together, in one step or in many. Grain: two posts.",
    )
    op.create_index("ix_duplicate_link_earlier_id", "duplicate_link", ["earlier_id"], schema="core")
    op.create_table(
        "duplicate_event",
        sa.Column(
            "event_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Order of events; of each post the newest counts.",
        ),
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="split: it stands for itself; or undone: the steps decide again."
        ),
        sa.Column(
            "duplicate_of",
            sa.BigInteger(),
            nullable=True,
            comment="What it was said to repeat until then; null for the original of others.",
        ),
        sa.Column("actor", sa.Text(), nullable=False, comment="Name of who decided."),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="Why; null where nobody said, and once the post's writer was forgotten.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was decided.",
        ),
        sa.CheckConstraint("kind in ('split', 'undone')", name=op.f("ck_duplicate_event_kind")),
        sa.ForeignKeyConstraint(["post_id"], ["core.post.post_id"], name=op.f("fk_duplicate_event_post_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_duplicate_event")),
        schema="core",
        comment="People's decisions that a post is no copy. Append only. Grain: one decision.",
    )
    op.create_index("ix_duplicate_event_post_id_event_id", "duplicate_event", ["post_id", "event_id"], schema="core")
    op.alter_column("post_annotation", "duplicate_of", comment=_NOW, existing_comment=_BEFORE, schema="core")
    # The sink takes the words of a decision away when the post's writer is forgotten.
    op.execute("grant select (post_id), update (reason) on core.duplicate_event to suara_ingest")


def downgrade() -> None:
    op.alter_column("post_annotation", "duplicate_of", comment=_BEFORE, existing_comment=_NOW, schema="core")
    op.drop_table("duplicate_event", schema="core")
    op.drop_table("duplicate_link", schema="core")
