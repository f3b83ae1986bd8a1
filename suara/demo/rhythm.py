"""When people write: their own hours in their own zone, fewer at night, and staff in office hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from suara.demo.plot import ZONE

# Monday to Sunday.
_DAYS = {
    "forum": (1.15, 1.1, 1.1, 1.0, 0.95, 0.7, 0.75),
    "chat": (1.0, 1.0, 1.0, 1.05, 1.2, 0.95, 0.85),
    "reviews": (0.9, 0.9, 0.95, 1.0, 1.05, 1.2, 1.1),
}
# Midnight to 23 h.
_HOURS = {
    "forum": (1, 1, 0, 0, 0, 1, 3, 6, 9, 11, 11, 9, 8, 9, 9, 8, 7, 6, 6, 8, 10, 9, 6, 3),
    "chat": (3, 1, 1, 0, 0, 1, 3, 5, 7, 8, 8, 8, 10, 8, 7, 7, 7, 7, 9, 12, 14, 13, 9, 6),
    "reviews": (2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 9, 8, 7, 7, 7, 8, 9, 10, 10, 9, 7, 4),
}
_OFFICE = range(9, 18)


def draw_moment(lots: Random, *, monday: date, source: str, zone: str) -> datetime:
    """Draw an instant within the week that begins on `monday`, by the habits at a source and the writer's zone."""
    day = monday + timedelta(days=lots.choices(range(7), weights=_DAYS[source])[0])
    hour = lots.choices(range(24), weights=_HOURS[source])[0]
    at = datetime.combine(day, time(hour, lots.randrange(60), lots.randrange(60)), ZoneInfo(zone))
    start = datetime.combine(monday, time(), ZONE)
    return min(max(at, start), start + timedelta(days=7, seconds=-1)).astimezone(UTC)


def reply_moment(lots: Random, *, after: datetime, source: str, zone: str, staff: bool) -> datetime:
    """Draw when a reply to something said `after` is written: soon in chat, hours later elsewhere, not at night."""
    median = {"chat": 9.0, "forum": 150.0, "reviews": 1400.0}[source] * (2.5 if staff else 1.0)
    at = after + timedelta(minutes=min(median * lots.lognormvariate(0, 1.25), 9 * 24 * 60))
    return _office(lots, at) if staff else _awake(lots, at, zone)


def _awake(lots: Random, at: datetime, zone: str) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    if local.hour < 6 and lots.random() < 0.85:
        local = local.replace(hour=6) + timedelta(minutes=lots.randrange(200))
    return local.astimezone(UTC)


def _office(lots: Random, at: datetime) -> datetime:
    """Move an instant into working hours; one week-end in six somebody has an eye on things."""
    local = at.astimezone(ZONE)
    on_duty = lots.random() < 1 / 6
    while local.hour not in _OFFICE or (local.weekday() >= 5 and not on_duty):
        step = 1 if local.hour >= _OFFICE.stop or local.weekday() >= 5 else 0
        local = (local + timedelta(days=step)).replace(hour=_OFFICE.start, minute=lots.randrange(60))
        if local.weekday() >= 5:
            on_duty = on_duty and lots.random() < 0.5
    return local.astimezone(UTC)
