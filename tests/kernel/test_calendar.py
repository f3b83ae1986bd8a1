"""Days and weeks in the community's zone."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import day_of, day_span, days_of_week, monday_of, mondays_between, parse_monday, week_span
from kernel.errors import InputError

ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Asia/Jakarta", "Europe/Berlin", "America/New_York")])
DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


@given(DAYS, ZONES)
def test_days_of_a_week_meet_without_gap_or_overlap(day, zone):
    spans = [day_span(each, zone) for each in days_of_week(monday_of(day))]
    assert all(before.end == after.start for before, after in itertools.pairwise(spans))
    assert (spans[0].start, spans[-1].end) == (
        week_span(monday_of(day), zone).start,
        week_span(monday_of(day), zone).end,
    )


INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - its bounds are naive


@given(INSTANTS, ZONES)
def test_an_instant_is_in_the_span_of_its_day(instant, zone):
    span = day_span(day_of(instant, zone), zone)
    assert span.start <= instant < span.end


def test_day_on_which_clocks_change_has_another_length():
    span = day_span(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert span.end - span.start == timedelta(hours=23)


def test_a_jakarta_day_begins_at_17_utc():
    assert day_span(date(2026, 11, 2), ZoneInfo("Asia/Jakarta")).start == datetime(2026, 11, 1, 17, tzinfo=UTC)


def test_mondays_cover_every_week_touched():
    assert mondays_between(date(2026, 11, 1), date(2026, 11, 9)) == [
        date(2026, 10, 26),
        date(2026, 11, 2),
        date(2026, 11, 9),
    ]


def test_week_named_by_another_day_says_which_monday_is_meant():
    with pytest.raises(InputError, match="Did you mean 2026-11-02"):
        parse_monday("2026-11-04")


def test_what_is_no_date_is_named():
    with pytest.raises(InputError, match="'4 Nov' is not a date"):
        parse_monday("4 Nov")
