"""Which day or week a run is about, and the asset that ties days to weeks.

A scheduled run carries its partition key. A run started by hand, in-process or by the API, carries it in its
configuration as `day` or `week`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from airflow.sdk import Asset

from kernel.calendar import parse_day, parse_monday
from kernel.errors import InputError
from kernel.settings import read_settings

COMMUNITY_DAY = Asset(name="community_day", uri="suara://warehouse/mart/community_day")

DEFAULTS = {
    "owner": "suara",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
}


def timezone() -> str:
    """Return the zone in which the community's days begin."""
    return read_settings().community.community.timezone


def day_of(context: Any) -> date:
    """Return the day that this run is about."""
    return parse_day(_key(context, "day"))


def monday_of(context: Any) -> date:
    """Return the Monday of the week that this run is about."""
    return parse_monday(_key(context, "week"))


def _key(context: Any, name: str) -> str:
    run = context["dag_run"]
    given = (run.conf or {}).get(name) or run.partition_key
    if not given:
        message = f"this run of {run.dag_id} does not say which {name} it is about"
        raise InputError(message, remedy=f'Start it with the configuration {{"{name}": "YYYY-MM-DD"}}.')
    return str(given)[:10]
