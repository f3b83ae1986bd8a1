"""What all tables share: one metadata with a naming convention, and short spellings of recurring columns.

A column without a comment fails a test: the data dictionary is made of these comments.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Text

SCHEMAS = {
    "raw": "What arrived, as it arrived: events, offsets, dead letters. Append only.",
    "core": "Current state and history of sources, people, threads, posts, annotations and themes.",
    "mart": "What analysts read: dimensions, facts, views and reports. Holds masked text only.",
    "privacy": "Personal data and erasure. Readable by the privacy role alone.",
    "ops": "How the pipeline itself is doing: runs, imports, quality, lag.",
}

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTANT = DateTime(timezone=True)


def key(name: str, comment: str) -> Column[int]:
    """Return a surrogate primary key that the database numbers."""
    return Column(name, BigInteger, Identity(), primary_key=True, comment=comment)


def text(name: str, comment: str, **options: Any) -> Column[str]:
    """Return a text column, not null unless told otherwise."""
    return Column(name, Text, nullable=options.pop("nullable", False), comment=comment, **options)


def instant(name: str, comment: str, **options: Any) -> Column[Any]:
    """Return a timestamptz column, not null unless told otherwise."""
    return Column(name, INSTANT, nullable=options.pop("nullable", False), comment=comment, **options)


def count(name: str, comment: str, **options: Any) -> Column[int]:
    """Return a bigint column, not null unless told otherwise."""
    return Column(name, BigInteger, nullable=options.pop("nullable", False), comment=comment, **options)
