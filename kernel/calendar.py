"""Days and weeks of a community: half-open ranges of instants in the community's own time zone.

Every room computes its partitions here, so that a day is the same day in the sink, the DAGs, the views and the report.
A week is an ISO week named by its Monday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kernel.errors import InputError


@dataclass(frozen=True)
class Span:
    """A half-open range of instants: `start <= t < end`, both aware."""

    start: datetime
    end: datetime


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return the instants of one calendar day in `zone`; 23 to 25 hours where clocks change."""
    return Span(_midnight(day, zone), _midnight(day + timedelta(days=1), zone))


def week_span(monday: date, zone: ZoneInfo) -> Span:
    """Return the instants of the ISO week that begins on `monday` in `zone`."""
    return Span(_midnight(monday, zone), _midnight(monday + timedelta(days=7), zone))


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an aware instant in `zone`."""
    return instant.astimezone(zone).date()


def monday_of(day: date) -> date:
    """Return the Monday of the ISO week that holds `day`."""
    return day - timedelta(days=day.weekday())


def days_of_week(monday: date) -> list[date]:
    """Return the seven days of the week that begins on `monday`."""
    return [monday + timedelta(days=offset) for offset in range(7)]


def days_between(first: date, last: date) -> list[date]:
    """Return the days from `first` to `last`, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def mondays_between(first: date, last: date) -> list[date]:
    """Return the Mondays of all weeks that hold a day from `first` to `last`."""
    return days_between(monday_of(first), monday_of(last))[::7]


def parse_day(text: str) -> date:
    """Read an ISO date such as 2026-11-23. Raises `InputError`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"'{text}' is not a date"
        raise InputError(message, remedy="Write it as YYYY-MM-DD, for example 2026-11-23.") from error


def parse_monday(text: str) -> date:
    """Read the Monday that names a week. Raises `InputError`, naming the Monday that was probably meant."""
    day = parse_day(text)
    if day.weekday() != 0:
        message = f"{day} is a {day:%A}, and a week is named by its Monday"
        raise InputError(message, remedy=f"Did you mean {monday_of(day)}?")
    return day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
