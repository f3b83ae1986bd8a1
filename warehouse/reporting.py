"""Reports in the warehouse: their rows, facts and quotes. Equal input gives the same report, not another one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from kernel.calendar import Span
from kernel.errors import InputError
from kernel.model import Fact, Quote
from warehouse.freeze import fingerprint as frozen_fingerprint
from warehouse.freeze import freeze
from warehouse.tables.reports import report, report_fact, report_quote

COMMUNITY = "community"


@dataclass(frozen=True)
class Proposal:
    """What identifies a report before its facts are known."""

    week: date
    area: str
    timezone: str
    language: str
    code_version: str
    config: Mapping[str, Any]
    now: datetime


def propose_input(connection: Connection, proposal: Proposal, span: Span) -> int:
    """Freeze the input of a week's reports and return the id of the community's report that holds it.

    When the frozen rows and the settings equal those of the newest revision, that one is kept as it is.
    """
    newest = newest_report(connection, proposal.week, proposal.area)
    trial = _add(connection, proposal, span, revision=0, input_id=0, fingerprint="")
    fingerprint = freeze(connection, trial, proposal.week, span)
    if newest is not None and _same(newest, proposal, fingerprint) and is_untouched(connection, newest):
        connection.execute(delete(report).where(report.c.report_id == trial))
        return int(newest.report_id)
    revision = 1
    if newest is not None:
        depends = report.c.input_id == newest.report_id
        promoted = connection.execute(select(report.c.report_id).where(depends, report.c.status != "proposed")).first()
        revision = newest.revision + (promoted is not None)
        if promoted is None:
            connection.execute(delete(report).where(depends))
    values = {"input_id": trial, "input_fingerprint": fingerprint, "revision": revision}
    connection.execute(update(report).where(report.c.report_id == trial).values(values))
    return trial


def propose_area(connection: Connection, proposal: Proposal, span: Span, *, input_id: int) -> int:
    """Return the id of an area's report on frozen input, made anew unless it stands already."""
    fingerprint = connection.execute(
        select(report.c.input_fingerprint).where(report.c.report_id == input_id)
    ).scalar_one()
    newest = newest_report(connection, proposal.week, proposal.area)
    if newest is not None and newest.input_id == input_id and _same(newest, proposal, fingerprint):
        return int(newest.report_id)
    if newest is not None and newest.status == "proposed":
        connection.execute(delete(report).where(report.c.report_id == newest.report_id))
    revision = 1 if newest is None else newest.revision + (newest.status != "proposed")
    return _add(connection, proposal, span, revision=revision, input_id=input_id, fingerprint=fingerprint)


def write_report(connection: Connection, report_id: int, facts: Sequence[Fact], quotes: Sequence[Quote]) -> None:
    """Store the facts and quotes of a report, replacing those it had."""
    for table in (report_fact, report_quote):
        connection.execute(delete(table).where(table.c.report_id == report_id))
    if facts:
        connection.execute(insert(report_fact), [_fact_row(report_id, fact) for fact in facts])
    if quotes:
        connection.execute(insert(report_quote), [_quote_row(report_id, quote) for quote in quotes])


def write_setting(connection: Connection, report_id: int, setting: Mapping[str, Any]) -> None:
    """Store what the pages of a report say besides facts."""
    connection.execute(update(report).where(report.c.report_id == report_id).values(setting=dict(setting)))


def run_query(connection: Connection, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a report's query and return its rows. A parameter is `:name` or, as psql quotes it, `:'name'`."""
    statement = text(re.sub(r":'(\w+)'", r":\1", query))
    wanted = {name: parameters[name] for name in statement.compile().params}
    return [dict(row) for row in connection.execute(statement, wanted).mappings()]


def read_candidates(connection: Connection, input_id: int, week: date, area: str | None) -> list[dict[str, Any]]:
    """Return the posts of the week that may be quoted, with their masked text."""
    rows = connection.execute(
        text("""
            select r.post_id, r.version, f.masked, r.theme_id, r.theme_confidence, r.sentiment, f.toxicity, r.language,
                   r.person_id, r.source, f.url, r.created_date as created_on
            from mart.report_post r
            join mart.fct_post f on f.post_id = r.post_id and f.created_date = r.created_date and f.version = r.version
            where r.report_id = :input and r.week = :week and r.theme_id is not null and r.may_quote and r.is_counted
              and not r.is_duplicate and (cast(:area as text) is null or r.area = :area)
            order by r.post_id
        """),
        {"input": input_id, "week": week, "area": area},
    )
    return [dict(row) for row in rows.mappings()]


def find_report(connection: Connection, week: date, area: str, revision: int | None = None) -> Any:
    """Return a revision of a report, or the newest. Raises `InputError` naming the reports there are."""
    found = newest_report(connection, week, area)
    if found is not None and revision not in (None, found.revision):
        asked = (report.c.week == week) & (report.c.area == area) & (report.c.revision == revision)
        found = connection.execute(select(report).where(asked)).first()
        if found is None:
            message = f"the report of '{area}' for the week of {week} has no revision {revision}"
            raise InputError(message, remedy="All revisions are listed by: suara report list")
    if found is None:
        weeks = connection.execute(
            select(report.c.week).where(report.c.area == area).distinct().order_by(report.c.week)
        )
        known = ", ".join(str(monday) for monday in weeks.scalars()) or "none"
        message = f"there is no report of '{area}' for the week of {week} (there are: {known})"
        raise InputError(message, remedy=f"Make it with: suara run weekly --week {week}")
    return found


def list_reports(connection: Connection) -> list[dict[str, Any]]:
    """Return all reports, newest week first."""
    columns = (
        report.c.week,
        report.c.area,
        report.c.revision,
        report.c.status,
        report.c.report_id,
        report.c.promoted_by,
    )
    query = select(*columns).order_by(report.c.week.desc(), report.c.area, report.c.revision.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def promote(connection: Connection, report_id: int, *, by: str, now: datetime) -> list[int]:
    """Make a proposed report current and what it replaces superseded; return the ids of what was replaced."""
    row = connection.execute(select(report).where(report.c.report_id == report_id)).one()
    same = (report.c.week == row.week) & (report.c.area == row.area) & (report.c.status == "current")
    others = update(report).where(same & (report.c.report_id != report_id)).values(status="superseded")
    replaced = list(connection.execute(others.returning(report.c.report_id)).scalars())
    values = {"status": "current", "promoted_by": by, "promoted_at": now}
    connection.execute(update(report).where(report.c.report_id == report_id).values(values))
    return replaced


def newest_report(connection: Connection, week: date, area: str) -> Any:
    """Return the row of the newest revision of a report, or None where there is none."""
    query = select(report).where(report.c.week == week, report.c.area == area).order_by(report.c.revision.desc())
    return connection.execute(query.limit(1)).first()


def _same(found: Any, proposal: Proposal, fingerprint: str) -> bool:
    return bool(
        found.input_fingerprint == fingerprint
        and found.config == dict(proposal.config)
        and found.code_version == proposal.code_version
    )


def _add(
    connection: Connection, proposal: Proposal, span: Span, *, revision: int, input_id: int, fingerprint: str
) -> int:
    newest = text("select max(created_at) from core.post where status = 'live' and created_at < :end")
    through = connection.execute(newest, {"end": span.end}).scalar()
    values = {
        "week": proposal.week,
        "area": proposal.area,
        "revision": revision,
        "input_id": input_id,
        "proposed_at": proposal.now,
        "data_through": through,
        "timezone": proposal.timezone,
        "language": proposal.language,
        "input_fingerprint": fingerprint,
        "code_version": proposal.code_version,
        "config": dict(proposal.config),
    }
    return int(connection.execute(insert(report).values(values).returning(report.c.report_id)).scalar_one())


def _fact_row(report_id: int, fact: Fact) -> dict[str, Any]:
    interval = fact.interval
    detail = {
        "note": fact.note,
        "series": list(fact.series),
        "series_labels": list(fact.series_labels),
        "desirable": fact.desirable,
    }
    return {
        "report_id": report_id,
        "fact_id": fact.id,
        "label": fact.label,
        "query": fact.query,
        "params": fact.params,
        "unit": fact.unit,
        "value": fact.value,
        "n": fact.n,
        "total": fact.total,
        "previous": fact.previous,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "p_value": fact.p_value,
        "q_value": fact.q_value,
        "significant": fact.significant,
        "definition": fact.definition,
        "detail": detail,
    }


def _quote_row(report_id: int, quote: Quote) -> dict[str, Any]:
    return {
        "report_id": report_id,
        "quote_id": quote.id,
        "theme_id": quote.theme_id,
        "stance": quote.stance,
        "post_id": quote.post_id,
        "version": quote.version,
        "span_start": quote.start,
        "span_end": quote.end,
        "quoted": quote.text,
        "quoted_sha256": quote.text_sha256,
        "language": quote.language,
        "source": quote.source,
        "created_on": quote.created_on,
        "url": quote.url,
        "sentiment": quote.sentiment,
    }


def is_untouched(connection: Connection, row: Any) -> bool:
    """Say whether the frozen rows behind a report are still those that were frozen."""
    return bool(frozen_fingerprint(connection, row.input_id) == row.input_fingerprint)


def status_of(connection: Connection, report_id: int) -> str:
    """Return whether a report is proposed, current or superseded."""
    return str(connection.execute(select(report.c.status).where(report.c.report_id == report_id)).scalar_one())


def undelivered(connection: Connection) -> list[int]:
    """Return the promoted reports that were not sent yet, oldest first."""
    query = select(report.c.report_id).where(report.c.status == "current", report.c.delivered_at.is_(None))
    return list(connection.execute(query.order_by(report.c.report_id)).scalars())


def mark_delivered(connection: Connection, report_id: int, *, now: datetime) -> None:
    """Record that a report was sent."""
    connection.execute(update(report).where(report.c.report_id == report_id).values(delivered_at=now))
