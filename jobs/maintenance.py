"""What keeps the warehouse in shape between runs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from jobs.context import open_context
from warehouse import partitions

AHEAD_DAYS = 62


def partitions_ahead() -> list[str]:
    """Make the partitions of this month and the next two; return the names of new ones."""
    context = open_context()
    today = context.clock.now().date()
    with context.begin() as connection:
        return list(partitions.ensure_months(connection, today, today + timedelta(days=AHEAD_DAYS)) or [])


def retention() -> int:
    """Drop archived months older than `retention.raw_days`; return how many were dropped."""
    context = open_context()
    oldest = context.clock.now().date() - timedelta(days=context.community.retention.raw_days)
    with context.begin() as connection:
        return partitions.drop_months_before(connection, oldest)


def dead_letters() -> dict[str, int]:
    """Count open dead letters by stage and reason."""
    with open_context().begin() as connection:
        rows = connection.execute(
            text("select stage || '.' || reason, count(*) from raw.rejected_event where status = 'open' group by 1")
        )
        return {name: count for name, count in rows}


def registry_audit() -> list[str]:
    """Name what is wrong in the theme registry: posts in themes that are gone, themes merged into themes that are gone."""
    with open_context().begin() as connection:
        rows = connection.execute(
            text("""
                select 'theme ' || t.theme_id || ' is merged into theme ' || o.theme_id || ', which is ' || o.status
                from core.theme t join core.theme o on o.theme_id = t.merged_into where o.status in ('merged', 'retired')
                union all
                select 'theme ' || theme_id || ' is ' || status || ' and has no version'
                from core.theme t where status = 'active'
                  and not exists (select from core.theme_version v where v.theme_id = t.theme_id)
            """)
        )
        return list(rows.scalars())
