"""A week, from complete days to proposed reports: gate, themes, freeze, then one report an area."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

from jobs import founding
from jobs import themes as theme_job
from jobs.context import Context, code_version, open_context
from jobs.pages import write_index
from jobs.quality import require
from kernel.calendar import days_between, days_of_week, week_span
from kernel.errors import StaleInputError
from nlp import registry
from warehouse import runs
from warehouse.freeze import LOOK_BACK_WEEKS
from warehouse.reporting import COMMUNITY, Proposal, propose_area, propose_input


def gate(monday: date) -> str:
    """Refuse a week that is not over, has a day that is due, or whose archive and posts disagree.

    Returns the week's fingerprint.
    """
    context = open_context()
    span = week_span(monday, context.zone)
    if span.end > context.clock.now():
        message = f"the week of {monday} is not over yet in {context.zone.key}"
        raise StaleInputError(message, remedy=f"Run it after {span.end:%Y-%m-%d %H:%M} UTC.")
    due = due_days(context, monday, days_of_week(monday)[-1])
    if due:
        message = f"the week of {monday} is not complete: never run or changed since are {', '.join(map(str, due))}"
        raise StaleInputError(message, remedy=f"Run them with: suara run daily --from {due[0]} --to {due[-1]}")
    require(context, ["ingest"], monday, span)
    found = fingerprint(context, monday)
    with context.begin() as connection:
        now = context.clock.now()
        runs.record(
            connection, "weekly", monday, state="running", fingerprint=found, code_version=code_version(), now=now
        )
    return found


def themes(monday: date) -> dict[str, int]:
    """Find the themes of the week, founding them first where none are, and check them; return counts."""
    context = open_context()
    founding.found(context, monday)
    counts = theme_job.themes(context, monday)
    require(context, ["themes_week"], monday, week_span(monday, context.zone))
    return counts


def freeze(monday: date) -> list[dict[str, Any]]:
    """Freeze the input of the week's reports, and return what to make: the whole community, then each area.

    `input_id` is the report that holds the input. All reports get their ids here, in one order: their facts are made in
    any order, or side by side.
    """
    context = open_context()
    span = week_span(monday, context.zone)
    with context.begin() as connection:
        input_id = propose_input(connection, proposal(context, monday, COMMUNITY), span)
        for area in context.community.areas:
            propose_area(connection, proposal(context, monday, area), span, input_id=input_id)
    return [{"area": area, "input_id": input_id} for area in (COMMUNITY, *context.community.areas)]


def finish(monday: date, *, fingerprint: str) -> None:
    """Record that the week is complete and write the index of all reports."""
    context = open_context()
    write_index(context)
    with context.begin() as connection:
        now = context.clock.now()
        runs.record(
            connection, "weekly", monday, state="success", fingerprint=fingerprint, code_version=code_version(), now=now
        )


def due_days(context: Context, first: date, last: date) -> list[date]:
    """Return the days from `first` to `last`, both included, that never ran or rest on other posts or code than now."""
    with context.begin() as connection:
        now = runs.day_fingerprints(connection, first, last, context.zone)
        done = runs.successes(connection, "daily", days_between(first, last))
    return [day for day in days_between(first, last) if done.get(day) != (now.get(day, runs.EMPTY), context.steps)]


def changed_days(context: Context, monday: date) -> list[date]:
    """Return the days before a week, as far as its reports look back, that ran and whose posts have changed since."""
    first, last = monday - timedelta(weeks=LOOK_BACK_WEEKS), monday - timedelta(days=1)
    with context.begin() as connection:
        now = runs.day_fingerprints(connection, first, last, context.zone)
        done = runs.successes(connection, "daily", days_between(first, last))
    return sorted(day for day, (fingerprint, _) in done.items() if fingerprint != now.get(day, runs.EMPTY))


def fingerprint(context: Context, monday: date) -> str:
    """Return a hash of all that a week's reports are made of, settings included."""
    with context.begin() as connection:
        rows = runs.week_fingerprint(connection, monday, monday - timedelta(weeks=LOOK_BACK_WEEKS))
    return f"{rows}:{configuration(context)}"


def proposal(context: Context, monday: date, area: str) -> Proposal:
    """Return what identifies a report before its facts are known."""
    return Proposal(
        week=monday,
        area=area,
        timezone=context.community.community.timezone,
        language=context.community.community.report_language,
        code_version=code_version(),
        config=report_config(context, area),
        now=context.clock.now(),
    )


def report_config(context: Context, area: str) -> dict[str, Any]:
    """Return the settings that shape a report: names, hours, the area's own, and the models."""
    community = context.community
    own = community.areas.get(area)
    return {
        "community": community.community.name,
        "area": own.model_dump(mode="json") if own else None,
        "response": community.response.model_dump(mode="json"),
        "languages": list(community.community.languages),
        "steps": context.steps,
        "encoder": context.encoder_name,
        "themes": community.themes.model_dump(mode="json"),
        "registry": registry.VERSION,
    }


def configuration(context: Context) -> str:
    """Return a hash of all settings that shape the reports of a week."""
    keys = [COMMUNITY, *context.community.areas]
    return hashlib.sha256(repr([report_config(context, key) for key in keys]).encode()).hexdigest()[:16]
