"""What the warehouse kept of a stretch of the log: its archive, and the mirror of what was refused."""

from __future__ import annotations

from typing import Any

import psycopg

from streams.past import Stretch

# What a statement says of a table whose rows stand for records, with the values of `bounds`.
WITHIN = """
    topic = %(topic)s and kafka_partition = %(part)s and kafka_offset >= %(first)s and kafka_offset < %(past)s
"""


def bounds(stretch: Stretch) -> dict[str, Any]:
    """Return a stretch as the values that `WITHIN` names."""
    place, first, past = stretch
    return {"topic": place.topic, "part": place.partition, "first": first, "past": past}


def holes(driver: psycopg.Connection[Any], stretch: Stretch) -> set[int]:
    """Return the offsets of a stretch that are neither archived nor refused."""
    return {offset for (offset,) in driver.execute(_HOLES, bounds(stretch)).fetchall()}


_HOLES = f"""
    select generate_series(%(first)s::bigint, %(past)s::bigint - 1)
    except select kafka_offset from raw.event where {WITHIN}
    except select kafka_offset from raw.rejected_event where {WITHIN}
"""  # noqa: S608 - made of constants
