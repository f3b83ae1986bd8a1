"""The nightly reconciliation: only what is new since the last one that passed, so that it takes seconds at any size.

How far it came stands in the results themselves, by partition and with the topic's id: a partition that failed is
counted again from where it last passed, and one of another log from its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, text

from jobs.context import Context, open_context
from kernel.errors import WarehouseError
from streams.broker import Place
from streams.reconcile import Count, Look, core_counts, import_counts, log_counts, look
from warehouse.bulk import driver_of
from warehouse.engine import connect
from warehouse.tables.ops import quality_result

SUITE = "reconciliation"


def reconcile() -> int:
    """Count what is new, remember every count in `ops.quality_result`, and return how many counts there were.

    Raises `WarehouseError` when a difference has no explanation.
    """
    context = open_context()
    with connect(context.url, role="ingest").begin() as connection:
        counts = _count(connection, context)
    left = [f"{one.step} {one.what}: {one.unexplained:,}" for one in counts if one.unexplained]
    if left:
        message = f"counts differ without an explanation: {'; '.join(left)}"
        raise WarehouseError(message, remedy="`suara reconcile` names the next step for each.")
    return len(counts)


def _count(connection: Connection, context: Context) -> list[Count]:
    engine, kafka = connection.engine, context.settings.kafka
    passed = _passed(connection)
    known = look(engine, kafka)
    since = {
        place: passed[place][0]
        for place, at in known.stored.items()
        if place in passed and passed[place][1] == str(at.topic_id)
    }
    seen = Look(known.stored, known.logs, since)
    fresh = {place: (since.get(place, 0), at.next_offset) for place, at in seen.stored.items()}
    driver = driver_of(connection)
    counts = [*import_counts(driver), *log_counts(driver, kafka, seen), *core_counts(driver, fresh)]
    places = {f"{place.topic}/{place.partition}": place for place in seen.stored}
    # An object of core may be missing for records of any partition, so then all of them are looked at again.
    whole = not any(one.unexplained for one in counts if one.step == "core")
    today = context.clock.now().astimezone(context.zone).date()
    rows = [_row(one, today, _reached(places.get(one.what), seen) if whole else {}) for one in counts]
    if rows:
        connection.execute(insert(quality_result), rows)
    return counts


def _passed(connection: Connection) -> dict[Place, tuple[int, str]]:
    """Return by partition how far the counts met, and of which topic."""
    return {Place(topic, part): (until, owner) for topic, part, until, owner in connection.execute(_PASSED)}


def _reached(place: Place | None, seen: Look) -> Mapping[str, Any]:
    if place is None:
        return {}
    at = seen.stored[place]
    return {
        "topic": place.topic,
        "partition": place.partition,
        "until": at.next_offset,
        "topic_id": str(at.topic_id),
    }


def _row(one: Count, today: date, reached: Mapping[str, Any]) -> dict[str, Any]:
    counted = one.found is not None or one.unexplained > 0
    return {
        "suite": SUITE,
        "partition": today,
        "expectation": f"{one.step} {one.what}",
        "severity": "critical" if counted else "warning",
        "outcome": "failed" if one.unexplained else "passed" if counted else "error",
        "evaluated": one.expected,
        "unexpected": one.unexplained,
        "observed": {"explained": one.explained, "unknown": one.unknown, **reached},
    }


_PASSED = text("""
    select distinct on (expectation) observed ->> 'topic', (observed ->> 'partition')::int,
           (observed ->> 'until')::bigint, observed ->> 'topic_id'
    from ops.quality_result
    where suite = 'reconciliation' and outcome = 'passed' and observed ? 'until'
    order by expectation, result_id desc
""")
