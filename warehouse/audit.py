"""What maintenance looks at: dead letters that nobody has dealt with, and faults in the theme registry."""

from __future__ import annotations

from sqlalchemy import Connection, text


def open_dead_letters(connection: Connection) -> dict[str, int]:
    """Return how many dead letters are open, by `stage.reason`."""
    rows = connection.execute(
        text("""
            select stage || '.' || reason, count(*) from raw.rejected_event where status = 'open' group by 1 order by 1
        """)
    )
    return dict(rows.all())


def registry_faults(connection: Connection) -> list[str]:
    """Return what is wrong in the theme registry, one sentence a fault."""
    rows = connection.execute(
        text("""
            select 'theme ' || t.theme_id || ' is merged into theme ' || o.theme_id || ', which is ' || o.status
            from core.theme t join core.theme o on o.theme_id = t.merged_into where o.status = 'merged'
            union all
            select 'theme ' || theme_id || ' is active and no run has ever described it'
            from core.theme t
            where status = 'active' and not exists (select from core.theme_version v where v.theme_id = t.theme_id)
        """)
    )
    return list(rows.scalars())
