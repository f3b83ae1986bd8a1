"""How the rows of one file are read: whose they are, which times count, and to which thread each belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

from kernel.model import BodyFormat, SourceKind
from streams.connectors.base import Reason
from streams.connectors.mapping import Cells
from streams.decode import AHEAD, EARLIEST

MAX_ID = 200


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was decided about a file before its first row: who, when, and how to read it."""

    source: str
    kind: SourceKind
    zone: ZoneInfo
    instant: Callable[[str], datetime]
    now: datetime
    body_format: BodyFormat = "text"
    anonymous: bool = False
    by_day: bool = False
    shared: bool = False
    numbered: bool = False
    channel_name: Callable[[str], str] = str
    topic_name: Callable[[str], str] = str
    staff: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


class Refusal(Exception):
    """The row is no event."""

    def __init__(self, *, reason: Reason, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def created_at(cells: Cells, reading: Reading) -> datetime:
    """Return when a post was written, in UTC. Raises `Refusal`."""
    if cells.created_at is None or cells.created_at.isspace():
        raise Refusal(reason="missing_time", detail="the time is empty")
    return instant(cells.created_at, reading)


def thread_of(cells: Cells, created: datetime, reading: Reading) -> str | None:
    """Return the thread that a row names or shares by its channel, None where the post is a thread of its own."""
    named = cells.thread_id or cells.topic
    if named is None and reading.by_day:
        named = created.astimezone(reading.zone).date().isoformat()
    if named is None:
        return None
    return fitting(f"{cells.channel}/{named}" if cells.channel else named)


def rank(cells: Cells, created: datetime, reading: Reading) -> float:
    """Return what orders the posts of a thread: their number where they are numbered, else their time."""
    if not reading.numbered:
        return created.timestamp()
    text = number(cells.post_number or "")
    return float(text) if text.isdecimal() else float("inf")


def number(text: str) -> str:
    """Take off the `.0` that table tools put behind whole numbers in columns with gaps."""
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


def fitting(name: str) -> str:
    """Return an id without blanks around it that fits: one too long is cut and ends in a hash of the whole."""
    name = name.strip()
    if len(name) <= MAX_ID:
        return name
    return f"{name[:160]}~{blake2b(name.encode(), digest_size=12).hexdigest()}"


def instant(text: str, reading: Reading) -> datetime:
    """Read a time into UTC. Raises `Refusal` when it is none, or one that the sink would not believe."""
    try:
        found = reading.instant(text.strip())
    except ValueError:
        raise Refusal(reason="bad_time", detail="not a time that can be read") from None
    if found < EARLIEST:
        raise Refusal(reason="bad_time", detail=f"before {EARLIEST:%Y}")
    if found > reading.now + AHEAD:
        raise Refusal(reason="future_time", detail="more than a day ahead")
    return found
