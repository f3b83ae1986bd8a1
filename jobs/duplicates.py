"""Posts that say the same: linked when a day runs, and parted by people, whose decisions every later run keeps.

Each function works in an open transaction. A day changes what it says, and what the days after it say, alone; so days
that run late, again or in any order end as those in order, once every day that has changed has run.
"""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kernel.calendar import Span, day_of, day_span
from kernel.errors import InputError
from nlp import duplicates
from warehouse import duplicates as store

# A repeat of something said longer ago is a post of its own: people do say the same again.
DAYS = 14


def regroup(connection: Connection, day: date, zone: ZoneInfo) -> None:
    """Find anew what the posts of `day` and of the days after it repeat, and let all point to their originals."""
    last = day_span(day + timedelta(days=DAYS), zone).end
    store.lock(connection)
    said = store.read_said(connection, Span(day_span(day - timedelta(days=DAYS), zone).start, last), zone)
    links = duplicates.links(said, since=day, days=DAYS, apart=store.read_apart(connection))
    touched = store.replace_links(connection, Span(day_span(day, zone).start, last), links)
    groups = store.read_groups(connection, touched)
    originals = duplicates.originals(
        [post for post, stands in groups.items() if stands], store.read_links(connection, groups)
    )
    store.write_originals(connection, groups, originals)


def split(connection: Connection, post: int, *, zone: ZoneInfo, by: str, reason: str) -> int | None:
    """Say that a post stands for itself: it repeats nothing, and nothing repeats it. Return what it repeated.

    What hung together through it alone does so no longer. Raises `InputError` where there is nothing to part.
    """
    store.lock(connection)
    place = store.place_of(connection, post)
    if post in store.read_apart(connection):
        message = f"post {post} stands for itself already"
        raise InputError(message, remedy=f"See: suara duplicates history {post}")
    if not place.is_linked:
        message = f"post {post} repeats nothing, and nothing repeats it"
        raise InputError(message, remedy="`suara duplicates list` shows what is repeated.")
    store.append(connection, post, "split", by=by, reason=reason, duplicate_of=place.duplicate_of)
    regroup(connection, day_of(place.created_at, zone), zone)
    return place.duplicate_of


def undo(connection: Connection, post: int, *, zone: ZoneInfo, by: str, reason: str | None = None) -> int | None:
    """Take a decision back, and return what the post repeats now. Raises `InputError` where none stands."""
    store.lock(connection)
    place = store.place_of(connection, post)
    if post not in store.read_apart(connection):
        message = f"nobody said that post {post} is no copy, or it is undone already"
        raise InputError(message, remedy="`suara duplicates history` shows all decisions.")
    store.append(connection, post, "undone", by=by, reason=reason)
    regroup(connection, day_of(place.created_at, zone), zone)
    return store.place_of(connection, post).duplicate_of
