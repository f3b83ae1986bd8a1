"""`core`, posts that say the same. `post_annotation.duplicate_of` follows from both of these tables.

`duplicate_link` is made anew with each day; `duplicate_event` is the truth about people's decisions: append only.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql

from warehouse.tables.base import METADATA, count, instant, key, text

duplicate_link = Table(
    "duplicate_link",
    METADATA,
    Column("post_id", ForeignKey("core.post.post_id"), primary_key=True, comment="The post."),
    Column(
        "earlier_id",
        ForeignKey("core.post.post_id"),
        primary_key=True,
        comment="An earlier post that says the same: the first, in the days before it, of a group that the post joins.",
    ),
    Index("ix_duplicate_link_earlier_id", "earlier_id"),
    schema="core",
    comment="What holds posts that say the same together, in one step or in many. Grain: two posts.",
)

duplicate_event = Table(
    "duplicate_event",
    METADATA,
    key("event_id", "Order of events; of each post the newest counts."),
    Column("post_id", ForeignKey("core.post.post_id"), nullable=False, comment="The post."),
    text("kind", "split: it stands for itself; or undone: the steps decide again."),
    count("duplicate_of", "What it was said to repeat until then; null for the original of others.", nullable=True),
    text("actor", "Name of who decided."),
    text("reason", "Why; null where nobody said, and once the post's writer was forgotten.", nullable=True),
    instant("created_at", "When it was decided.", server_default=sql("now()")),
    CheckConstraint("kind in ('split', 'undone')", name="kind"),
    Index("ix_duplicate_event_post_id_event_id", "post_id", "event_id"),
    schema="core",
    comment="People's decisions that a post is no copy. Append only. Grain: one decision.",
)
