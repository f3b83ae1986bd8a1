"""Posts found by words and by meaning, through the functions that analysts call too."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from kernel.calendar import days_of_week
from kernel.errors import InputError, StaleInputError
from warehouse.runs import successes
from warehouse.vectors import Vectors, speak_vectors

_FILTERS = """
    week => cast(:week as date), language => :language, theme => cast(:theme as bigint), source => :source,
    with_spam => :with_spam, most => :most
"""


@dataclass(frozen=True)
class Filters:
    """Which posts may be found; what is None does not choose."""

    week: date | None = None
    language: str | None = None
    theme: int | None = None
    source: str | None = None
    with_spam: bool = False


def by_words(connection: Connection, query: str, filters: Filters, *, most: int) -> list[dict[str, Any]]:
    """Return the posts that hold the words, best first: rows of `mart.found_post`."""
    found = text(f"select * from mart.search_posts(:query, {_FILTERS})")  # noqa: S608
    return _rows(connection, found, {"query": query, "most": most} | asdict(filters))


def by_meaning(
    connection: Connection, vector: Vectors, language: str, filters: Filters, *, encoder: str, most: int
) -> list[dict[str, Any]]:
    """Return the posts nearest to an encoder's own vector of a text in a language: rows of `mart.found_post`."""
    speak_vectors(connection)
    found = text(f"select * from mart.posts_near(:vector, :spoken, {_FILTERS}, encoder => :encoder)")  # noqa: S608
    values = {"vector": vector, "spoken": language, "encoder": encoder, "most": most}
    return _rows(connection, found, values | asdict(filters))


def require(connection: Connection, filters: Filters) -> None:
    """Raise `StaleInputError` where nothing can be found yet, `InputError` for a filter that names nothing."""
    known = connection.execute(text("select min(week), max(week) from mart.fct_post")).one()
    if known[0] is None:
        message = "no posts have been read yet"
        raise StaleInputError(message, remedy="`suara import` brings them, `suara run daily` reads them.")
    if filters.week and not successes(connection, "daily", days_of_week(filters.week)):
        message = f"no day of the week of {filters.week} has run"
        weeks = f"There are posts of the weeks {known[0]} to {known[1]}"
        raise StaleInputError(message, remedy=f"{weeks}. `suara run weekly --week {filters.week}` runs it.")
    for option, value, there in (
        ("language", filters.language, "select distinct language from mart.fct_post order by 1"),
        ("source", filters.source, "select name from mart.dim_source order by 1"),
    ):
        names = connection.execute(text(there)).scalars().all()
        if value is not None and value not in names:
            message = f"there are no posts of {option} '{value}'"
            raise InputError(message, remedy=f"There are: {', '.join(names)}.")
    theme = text("select exists (select from mart.dim_theme where theme_id = :theme)")
    if filters.theme is not None and not connection.execute(theme, {"theme": filters.theme}).scalar_one():
        message = f"there is no theme {filters.theme}"
        raise InputError(message, remedy="`suara themes list` shows them all.")


def _rows(connection: Connection, query: Any, values: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query, values).mappings()]
