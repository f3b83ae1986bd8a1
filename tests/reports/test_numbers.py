"""How numbers read in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kernel.model import Fact, Interval
from reports.numbers import UNKNOWN, numbers
from reports.voice import kind_of, shown

EN, ID = numbers("en"), numbers("id")


@pytest.mark.parametrize(
    ("value", "english", "indonesian"), [(0, "0", "0"), (1234, "1,234", "1.234"), (1234567, "1,234,567", "1.234.567")]
)
def test_counts(value, english, indonesian):
    assert (EN.count(value), ID.count(value)) == (english, indonesian)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.999, ">99%"), (1, "100%"), (0.125, "12%")]
)
def test_almost_nothing_is_not_nothing(value, text):
    assert EN.percent(value) == text


@pytest.mark.parametrize(
    ("hours", "english", "indonesian"),
    [(0.2, "12 min", "12 mnt"), (5.25, "5.2 h", "5,2 jam"), (24, "24 h", "24 jam"), (100, "4.2 days", "4,2 hari")],
)
def test_times_take_the_unit_that_reads_best(hours, english, indonesian):
    assert (EN.hours(hours), ID.hours(hours)) == (english, indonesian)


@pytest.mark.parametrize(("q", "text"), [(0.0002, "<0.001"), (0.0123, "0.012")])
def test_small_probabilities_are_bounded(q, text):
    assert EN.probability(q) == text


@pytest.mark.parametrize(
    ("monday", "english", "indonesian"),
    [
        (date(2026, 11, 16), "16–22 November 2026", "16–22 November 2026"),  # noqa: RUF001
        (date(2026, 7, 27), "27 July – 2 August 2026", "27 Juli – 2 Agustus 2026"),  # noqa: RUF001
        (date(2026, 12, 28), "28 December 2026 – 3 January 2027", "28 Desember 2026 – 3 Januari 2027"),  # noqa: RUF001
    ],
)
def test_weeks_name_month_and_year_once(monday, english, indonesian):
    assert (EN.week(monday), ID.week(monday)) == (english, indonesian)


def test_instants_are_told_in_the_communitys_zone():
    assert EN.instant(datetime(2026, 11, 22, 16, 41, tzinfo=UTC), "Asia/Jakarta") == "Sun 22 November, 23:41"


@pytest.mark.parametrize(
    ("unit", "low", "high", "texts"),
    [
        ("share", 0.33, 0.53, ("33", "53%")),
        ("share", 0.33, None, ("33%", UNKNOWN)),
        ("hours", 10, 14, ("10", "14 h")),
        ("hours", 0.5, 14, ("30 min", "14 h")),
        ("ratio", 0.08, 6.9, ("0.08", "6.9")),
    ],
)
def test_an_interval_says_its_unit_once(unit, low, high, texts):
    fact = Fact(id="x", label="x", query="q", unit=unit, value=1.0, interval=Interval(low, high))
    assert (shown(EN, fact, "low"), shown(EN, fact, "high")) == texts


@pytest.mark.parametrize(
    ("fact_id", "kind"),
    [
        ("theme.12.people", "theme_people"),
        ("response.answered_within_24h", "response_answered_within"),
        ("response.source.forum.answered", "response_source_answered"),
        ("area.pay.negative", "area_negative"),
        ("thread.9.waiting_hours", "thread_waiting_hours"),
        ("pulse.language.en.posts", "pulse_language_posts"),
        ("response.p90_hours", "response_p90_hours"),
    ],
)
def test_an_id_tells_its_kind(fact_id, kind):
    assert kind_of(fact_id) == kind
