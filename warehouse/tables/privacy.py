"""`privacy`: personal data found in texts, and the tombstones of forgotten members."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table
from sqlalchemy import text as sql

from warehouse.tables.base import METADATA, count, instant, text

pii_span = Table(
    "pii_span",
    METADATA,
    Column("post_id", ForeignKey("core.post.post_id", ondelete="CASCADE"), primary_key=True, comment="The post."),
    Column("span_start", Integer, primary_key=True, comment="First character in the clean text."),
    Column("span_end", Integer, nullable=False, comment="Character after the last."),
    text("kind", "email, phone, nik, card, iban, ip, address, handle, name."),
    count("post_version", "Version of the post that was read."),
    schema="privacy",
    comment="Where personal data stands in a post. Grain: one stretch.",
)

tombstone = Table(
    "tombstone",
    METADATA,
    Column("member_hash", LargeBinary, primary_key=True, comment="Salted hash of source and account id."),
    instant("erased_at", "When the member was forgotten.", server_default=sql("now()")),
    schema="privacy",
    comment="Members who asked to be forgotten; the sink drops their events. Grain: one member.",
)
