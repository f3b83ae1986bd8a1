"""What a connector yields: the events of one source, and which rows it could not use and why.

Every row of the source becomes exactly one item, so that read = events + rejected + skipped. Reading twice yields the
same ids, keys and versions; that is what makes an import restartable. An item that is not an event never holds words
of its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from streams.events import Event

Reason = Literal[
    "bad_encoding",  # not UTF-8
    "bad_json",  # not one JSON object on the line
    "bad_csv",  # quotes that do not end, or another number of cells than the header
    "wrong_type",  # an object or a nested list where text is needed; a list of words is text
    "missing_time",
    "bad_time",  # not a time, or before any community
    "future_time",
    "missing_author",
    "body_too_long",
    "bad_rating",  # not a whole number from 1 to 5
    "bad_role",
    "breaks_contract",  # anything else that the event contract refuses
]
SkipReason = Literal["outside", "repeated"]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is no event. `line` is where it begins in the file; `detail` never quotes the row."""

    line: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A good row that is not sent: outside of the asked time, which is `created`, or the same as an earlier row."""

    line: int
    reason: SkipReason
    created: datetime | None = None


Item: TypeAlias = Event | RejectedRow | SkippedRow
