"""What keeps the warehouse in shape between runs."""

from __future__ import annotations

from datetime import timedelta

from jobs.audit import audited
from jobs.context import open_context
from streams.forgotten import clear_all_refused
from warehouse import audit, partitions, posts, registry
from warehouse.bulk import driver_of
from warehouse.engine import connect
from warehouse.letters import clear_aged

AHEAD_DAYS = 62
AUDITED_WEEKS = 8


def partitions_ahead() -> list[str]:
    """Make the partitions of this month and the next two; return the names of new ones."""
    context = open_context()
    today = context.clock.now().date()
    with context.begin() as connection:
        return partitions.ensure_months(connection, today, today + timedelta(days=AHEAD_DAYS))


def retention() -> int:
    """Drop archived months older than `retention.raw_days`; return how many were dropped."""
    context = open_context()
    oldest = context.clock.now().date() - timedelta(days=context.community.retention.raw_days)
    with context.begin() as connection:
        return partitions.drop_months_before(connection, oldest)


def gone_posts() -> int:
    """Delete what was read of posts that are no longer there, where no day's run will; return how many."""
    with open_context().begin() as connection:
        return posts.drop_unreported(connection)


def dead_letter_words() -> dict[str, int]:
    """Delete the words of dead letters that are too old, or whose member is forgotten; return how many, by why."""
    context = open_context()
    now, kept = context.clock.now(), context.community.retention
    with connect(context.url, role="privacy").begin() as connection:
        forgotten = clear_all_refused(driver_of(connection))
        aged = clear_aged(
            connection,
            closed_before=now - timedelta(days=kept.dead_letter_days),
            open_before=now - timedelta(days=kept.open_dead_letter_days),
        )
    return {"closed": aged.closed, "open": aged.open, "forgotten": forgotten}


def dead_letters() -> dict[str, int]:
    """Count open dead letters by stage and reason."""
    with open_context().begin() as connection:
        return audit.open_dead_letters(connection)


def registry_audit() -> list[str]:
    """Name what is wrong in the theme registry."""
    with open_context().begin() as connection:
        return audit.registry_faults(connection)


def theme_audit() -> list[str]:
    """Say what a refit would propose to people about the themes, on the first day of a month; else nothing."""
    context = open_context()
    if context.clock.now().astimezone(context.zone).day != 1:
        return []
    with context.begin() as connection:
        if registry.newest_week(connection) is None:
            return []
        found = audited(connection, context, weeks=AUDITED_WEEKS)
    return [one.told(phrases) for one, _, phrases in found.proposals]
