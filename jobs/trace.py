"""From a number of a report to the posts behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from jobs import pages
from jobs.context import open_context
from kernel.errors import InputError
from kernel.model import Fact
from reports.document import Meta
from reports.trace import posts_behind
from warehouse import documents, reporting


@dataclass(frozen=True)
class Trace:
    """A fact of a report and the posts that it counts; None where it counts no single posts, or is unknown."""

    meta: Meta
    fact: Fact
    posts: list[dict[str, Any]] | None


def trace(monday: date, area: str, fact_id: str, revision: int | None = None) -> Trace:
    """Return a fact of a revision of a report, or the newest, with its posts. A change leads to the number it tells."""
    context = open_context()
    with context.begin() as connection:
        row = reporting.find_report(connection, monday, area, revision)
        made = pages.read_document(connection, context.community, row.report_id)
        facts = {fact.id: fact for fact in made.facts}
        fact = facts.get(fact_id)
        if fact is None:
            message = f"the report of '{area}' for the week of {monday} has no fact '{fact_id}'"
            raise InputError(message, remedy="The last table of its page names each fact under what it means.")
        fact = facts[str(fact.params.get("fact", fact.id))]
        return Trace(made.meta, fact, posts_of(connection, made.meta, fact))


def posts_of(connection: Connection, meta: Meta, fact: Fact) -> list[dict[str, Any]] | None:
    """Return the frozen posts behind a fact, with the words of those that may still be shown."""
    found = posts_behind(fact, sla_hours=meta.sla_hours, languages=meta.languages)
    if found is None:
        return None
    condition, parameters = found
    return documents.read_posts(connection, condition, {**parameters, "input_id": meta.input_id})
