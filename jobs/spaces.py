"""The space of themes between the steps that use it and the warehouse that keeps it."""

from __future__ import annotations

from sqlalchemy import Connection

from nlp import space
from warehouse import spaces


def frozen(connection: Connection, encoder: str) -> space.Space | None:
    """Return the space of an encoder, or None before the first weekly run."""
    found = spaces.read(connection, encoder)
    return space.stored(found.version, found.means, found.component, found.words) if found else None


def freeze(connection: Connection, encoder: str, fitted: space.Space, *, posts: int) -> None:
    """Keep a space that was fitted on so many posts; one of no posts gives way to any other."""
    words = fitted.words.content() if fitted.words else None
    kept = spaces.FrozenSpace(fitted.version, fitted.means, fitted.component, words)
    spaces.write(connection, encoder, kept, posts=posts)
