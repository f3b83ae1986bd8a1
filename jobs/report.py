"""One report: run its queries on the frozen rows, make facts of them, choose quotes, store all, and write the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

import insights
from insights.scope import Scope
from jobs.context import open_context
from jobs.pages import setting_of, write_pages
from jobs.weekly import proposal
from kernel.calendar import week_span
from reports import evidence, queries
from warehouse import documents, reporting
from warehouse.reporting import COMMUNITY


def make(monday: date, area: str, *, input_id: int) -> int:
    """Make the report of one area for one week on frozen input, write its pages, and return its id.

    A report that was promoted keeps its quotes, areas and theme run; its facts follow from frozen rows anyway.
    """
    context = open_context()
    with context.begin() as connection:
        report_id = input_id
        if area != COMMUNITY:
            span = week_span(monday, context.zone)
            report_id = reporting.propose_area(connection, proposal(context, monday, area), span, input_id=input_id)
        scope = scope_of(documents.read_report(connection, report_id))
        rows = answers(connection, input_id, scope)
        facts = insights.assemble(rows, scope)
        candidates = reporting.read_candidates(connection, input_id, monday, scope.area)
        keywords = {row["theme_id"]: row["keywords"] for row in documents.read_themes(connection, input_id)}
        quotes = evidence.choose([evidence.Candidate(**row) for row in candidates], keywords=keywords)
        if reporting.status_of(connection, report_id) == "proposed":
            reporting.write_setting(connection, report_id, setting_of(connection, context.community, monday))
        elif all(map(evidence.is_whole, kept := documents.read_quotes(connection, report_id))):
            quotes = kept
        reporting.write_report(connection, report_id, facts, quotes)
    write_pages(context, report_id)
    return report_id


def scope_of(row: Mapping[str, Any]) -> Scope:
    """Return what the insights need to know of a report, from its row: the settings that it was made with."""
    config = row["config"]
    return Scope(
        week=row["week"],
        area=None if row["area"] == COMMUNITY else row["area"],
        within_hours=tuple(config["response"]["within_hours"]),
        sla_hours=config["response"]["sla_hours"],
        languages=tuple(config["languages"]),
        seed=config["themes"]["seed"],
        min_people=config["themes"]["min_people"],
    )


def answers(connection: Connection, input_id: int, scope: Scope) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every query that the insights ask for, by the query's name."""
    parameters = {"input_id": input_id, "week": scope.week, "area": scope.area}
    return {name: reporting.run_query(connection, queries.load(name), parameters) for name in insights.QUERIES}
