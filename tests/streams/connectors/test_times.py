from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kernel.errors import InputError
from streams.connectors.times import is_naive, time_reader

JAKARTA = ZoneInfo("Asia/Jakarta")
THREE = datetime(2026, 1, 31, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T03:00:00Z",
        "2026-01-31T03:00:00.000Z",
        "2026-01-31T10:00:00+07:00",
        "2026-01-31 10:00:00",
        "2026-01-31 10:00",
        "2026-01-31T10:00:00",
        "2026-01-31 03:00:00 UTC",
        "2026-01-31 10:00:00 +0700",
        "2026-01-31 10:00:00+0700",
        "Sat, 31 Jan 2026 10:00:00 +0700",
        "1769828400",
        "1769828400.0",
        "1769828400000",
        "1769828400000000",
    ],
)
def test_one_instant_in_many_spellings(text: str) -> None:
    assert time_reader(JAKARTA)(text) == THREE


def test_fractions_of_seconds_are_kept() -> None:
    read = time_reader(JAKARTA)
    assert read("1546214520.504800") == datetime(2018, 12, 31, 0, 2, 0, 504800, tzinfo=UTC)
    assert read("2026-01-31T03:00:00.123456Z").microsecond == 123456


def test_digits_are_an_epoch_even_where_iso_would_take_them_for_a_date() -> None:
    assert time_reader(JAKARTA)("1712051211234") == datetime(2024, 4, 2, 9, 46, 51, 234000, tzinfo=UTC)


def test_a_unix_time_has_nine_digits_or_more() -> None:
    assert time_reader(JAKARTA)("100000000") == datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)


def test_a_day_begins_in_the_zone() -> None:
    read = time_reader(JAKARTA)
    assert read("2026-01-31") == read("20260131") == datetime(2026, 1, 30, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2027", "202701", "99999999.5",
     "31/12/2025 10:00", "2026-02-30", "2026-13-01T00:00:00", "1e9", "nan", "-5", "²", "٢٠٢٦",
     "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00", "9" * 30, "2026-01-31T10:00:00+99:00"],
)  # fmt: skip
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whose message it is does not matter
        time_reader(JAKARTA)(text)


def test_a_format_of_the_persons_own() -> None:
    read = time_reader(JAKARTA, form="%d/%m/%Y %H:%M")
    assert read("31/01/2026 10:00") == THREE
    with pytest.raises(ValueError, match="does not match"):
        read("2026-01-31 10:00")


@pytest.mark.parametrize("form", ["%Q", "%d/%m/%Y %", "%-d", "%d %d", "%G-%V"])
def test_a_format_that_is_none_is_said_before_anything_is_read(form: str) -> None:
    with pytest.raises(InputError, match=f"--time-format '{form}' cannot be used"):
        time_reader(JAKARTA, form=form)


@pytest.mark.parametrize("form", ["%c %Z", "%Y-%m-%dT%H:%M:%S.%f%z", "%I:%M %p, %d %B %y", "%G-W%V-%u", "%%%j %Y"])
def test_a_format_that_can_be_read_is_taken(form: str) -> None:
    assert time_reader(JAKARTA, form=form)(THREE.strftime(form))


def test_naive_is_what_names_no_zone() -> None:
    assert is_naive("2026-01-31 10:00")
    assert is_naive("31/01/2026", form="%d/%m/%Y")
    assert not is_naive("2026-01-31T10:00Z")
    assert not is_naive("1769828400")
    assert not is_naive("yesterday")
