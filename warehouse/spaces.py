"""The frozen space of each encoder, in which themes live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from warehouse.bulk import upsert
from warehouse.tables.themes import theme_space
from warehouse.vectors import Vectors, array, speak_vectors

_ANY = "*"


@dataclass(frozen=True)
class FrozenSpace:
    """Means by language (`*` for all others), the component to remove, and axes of words as bytes, where there are."""

    version: str
    means: Mapping[str, Vectors]
    component: Vectors
    words: bytes | None = None


def read(connection: Connection, model: str) -> FrozenSpace | None:
    """Return the frozen space of an encoder; None before its first weekly run."""
    speak_vectors(connection)
    rows = connection.execute(select(theme_space).where(theme_space.c.model == model, theme_space.c.posts > 0)).all()
    if not rows:
        return None
    shared = next(row for row in rows if row.language == _ANY)
    means = {row.language: array(row.mean) for row in sorted(rows, key=lambda row: row.language)}
    return FrozenSpace(shared.version, means, array(shared.component), shared.words and bytes(shared.words))


def write(connection: Connection, model: str, frozen: FrozenSpace, *, posts: int) -> None:
    """Freeze the space of an encoder; one that was fitted on no posts is only lent, and gives way to any other."""
    speak_vectors(connection)
    columns = ["model", "language", "version", "mean", "component", "posts", "words"]
    rows = [
        (model, language, frozen.version, mean, frozen.component, posts, frozen.words if language == _ANY else None)
        for language, mean in frozen.means.items()
    ]
    upsert(connection, theme_space, columns, rows, key=["model", "language"], update=None if posts else [])
