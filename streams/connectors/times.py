"""Times as exports write them, read into UTC: ISO 8601 with or without a zone, Unix seconds to microseconds, mail
dates.

A time without a zone is read in the zone that the person names. Day-first and month-first dates cannot be told apart,
so these need a format of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from kernel.errors import InputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE_NAMES = {"UTC": "+00:00", "GMT": "+00:00", "Z": "+00:00"}


def is_naive(text: str, *, form: str | None = None) -> bool:
    """Whether a time can be read and names no zone."""
    try:
        return _parsed(text, form).tzinfo is None
    except ValueError:
        return False


def time_reader(zone: tzinfo, *, form: str | None = None) -> Callable[[str], datetime]:
    """Return a function from text to an instant in UTC, which raises `ValueError`.

    `form` is a `strptime` format. Raises `InputError` when it is none.
    """
    if form is not None:
        _require_format(form)
    zone = UTC if zone == ZoneInfo("UTC") else zone

    def instant(text: str) -> datetime:
        found = _parsed(text, form)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        if found.tzinfo is UTC:
            return found
        try:
            return found.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(text) from error

    return instant


def _require_format(form: str) -> None:
    """Write a time and read it back: only so does `strptime` look at its format without a fitting text."""
    try:
        _parsed(_EPOCH.strftime(form), form)
    except (ValueError, re.error) as error:
        message = f"--time-format '{form}' cannot be used: {error}"
        raise InputError(message, remedy="For 31/12/2025 14:30 write: %d/%m/%Y %H:%M") from error


def _parsed(text: str, form: str | None) -> datetime:
    if form is not None:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added by the caller
    # Digits alone must not reach the ISO reader: it takes some of them for compact dates.
    if text[4:5] == "-":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return _slowly(text)
    return _slowly(text)


def _slowly(text: str) -> datetime:
    digits, _, rest = text.partition(".")
    if digits.isascii() and digits.isdecimal() and len(digits) != 8 and (not rest or rest.isdecimal()):
        return _since_epoch(int(digits), rest)
    try:
        return datetime.fromisoformat(_joined(text))
    except ValueError:
        try:
            return parsedate_to_datetime(text)
        except (TypeError, IndexError, OverflowError) as error:
            raise ValueError(text) from error


def _since_epoch(number: int, rest: str) -> datetime:
    """Read seconds, milliseconds or microseconds: which of them shows in the size, for any year from 1973 to 5138.

    What is smaller is a year or a slip of the pen, and no community is as old as the second that it would be.
    """
    if number < 10**8:
        message = "too small for a Unix time"
        raise ValueError(message)
    if number < 10**11:
        micros = number * 10**6 + int((rest + "000000")[:6])
    elif number < 10**14:
        micros = number * 1000
    else:
        micros = number
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        message = "beyond the calendar"
        raise ValueError(message) from error


def _joined(text: str) -> str:
    """Write `2026-01-31 10:00:00 +0700` and `... UTC` as the ISO reader wants them."""
    start, _, last = text.rpartition(" ")
    if start and (last in _ZONE_NAMES or last[:1] in "+-"):
        return start + _ZONE_NAMES.get(last, last)
    return text
