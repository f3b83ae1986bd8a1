"""Dead letters without their words: what stays of one once its payload, its key and its sender's headers are deleted.

The row stays, with place, time, stage, reason and its count of attempts: digests, reconciliation and the planning of a
replay count it as before. Of the key, the source's name stays. One that was open is discarded, for nobody can send
it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from warehouse.bulk import driver_of

_CLEAR = r"""
    update raw.rejected_event set
        payload = null, record_headers = null,
        record_key = convert_to(
            (regexp_match(encode(record_key, 'escape'), '^[a-z0-9][a-z0-9_-]{{0,59}}:'))[1], 'UTF8'
        ),
        cleared_at = now(), cleared_because = '{because}',
        resolved_at = case when status = 'open' then now() else resolved_at end,
        resolution = case when status = 'open' then '{resolution}' else resolution end,
        status = case when status = 'open' then 'discarded' else status end
    where cleared_at is null and {condition}
"""
CLEAR_FORGOTTEN = _CLEAR.format(
    because="erasure",
    resolution="its member was forgotten",
    condition="(topic, kafka_partition, kafka_offset) in (select * from unnest(%s::text[], %s::int[], %s::bigint[]))",
)
"""For psycopg: topics, partitions and offsets of letters that hold what a forgotten member said."""
_CLEAR_CLOSED = _CLEAR.format(because="age", resolution="", condition="status <> 'open' and resolved_at < %s")
_CLEAR_OPEN = _CLEAR.format(
    because="age", resolution="nobody decided in time", condition="status = 'open' and record_ts < %s"
)


class Aged(NamedTuple):
    """How many dead letters lost their words for their age: closed ones, and open ones that were discarded by it."""

    closed: int
    open: int


def clear_aged(connection: Connection, *, closed_before: datetime, open_before: datetime) -> Aged:
    """Delete the words of letters closed before one instant, and of open ones that arrived before another.

    Needs the rights of the privacy role.
    """
    driver = driver_of(connection)
    return Aged(
        driver.execute(_CLEAR_CLOSED, [closed_before]).rowcount, driver.execute(_CLEAR_OPEN, [open_before]).rowcount
    )
