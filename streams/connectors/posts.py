"""Rows into post events: identity, place, version and time of each, the same on every reading of the same file.

Where a file has no ids they are made from what the row says, with a running number for rows that say the same. Where
two rows carry one id, the same words are sent once, and other words are a newer version: the later row wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from kernel.model import Role
from streams.broker import MAX_RECORD_BYTES
from streams.connectors.base import Item, RejectedRow, SkippedRow
from streams.connectors.mapping import Cells
from streams.connectors.presets import NOBODY
from streams.connectors.reading import Reading, Refusal, created_at, fitting, instant, number, rank, thread_of
from streams.events import Event, Maker, PostCreated, PostEdited, PostState, encode

MAX_BODY = 200_000
# From here on, words that need six bytes a character in JSON could make a record too large.
_CHECK_BYTES_ABOVE = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# What `survey` looks at.
SURVEYED = frozenset(("post_id", "thread_id", "channel", "topic", "created_at", "post_number"))
_ROLES: dict[str, Role] = {
    **{"member": "member", "user": "member", "moderator": "moderator", "mod": "moderator"},
    **{"staff": "staff", "admin": "staff", "administrator": "staff", "bot": "bot"},
}


@dataclass(frozen=True)
class Threads:
    """What only the whole file tells: the rank of the first post of each thread, and ids by thread and number."""

    first: dict[str, float] = field(default_factory=dict)
    by_number: dict[tuple[str, str], str] = field(default_factory=dict)


def survey(rows: Iterable[tuple[int, Cells]], reading: Reading) -> Threads:
    """Look through all rows once for what a post's place in its thread depends on, whatever order the file is in."""
    threads = Threads()
    for _, cells in rows:
        try:
            created = created_at(cells, reading)
        except Refusal:
            continue
        thread_id = thread_of(cells, created, reading)
        if thread_id is None:
            continue
        place = rank(cells, created, reading)
        if place < threads.first.get(thread_id, float("inf")):
            threads.first[thread_id] = place
        if cells.post_number is not None:
            place_name = number(cells.post_number)
            threads.by_number[thread_id, place_name] = numbered_id(cells, thread_id)
    return threads


def numbered_id(cells: Cells, thread_id: str) -> str:
    """Return the id of a post that has a number in its thread."""
    return fitting(cells.post_id or f"{thread_id}/{number(cells.post_number or '')}")


class Assembler:
    """Makes events of rows, remembering which ids and threads it has met."""

    def __init__(self, reading: Reading, threads: Threads) -> None:
        self._reading, self._threads = reading, threads
        self._maker = Maker(kind=reading.kind, instance=reading.source)
        self._started: dict[str, str] = {}
        self._alike: dict[str, int] = {}
        self._newest: dict[str, tuple[int, int, int]] = {}

    def item(self, line: int, cells: Cells) -> Item:
        """Return the event of one row, or why there is none."""
        reading = self._reading
        try:
            created = created_at(cells, reading)
            if (reading.since and created < reading.since) or (reading.until and created >= reading.until):
                return SkippedRow(line, "outside", created)
            post_id = self._post_id(cells, created)
            edited = instant(cells.edited_at, reading) if cells.edited_at else None
            version, repeated = self._version(post_id, _milliseconds(edited or created), hash(cells))
            if repeated:
                return SkippedRow(line, "repeated")
            is_edit = edited is not None or version != _milliseconds(created)
            state = self._state(cells, post_id, created, edited, version)
            event = self._maker.post(PostEdited if is_edit else PostCreated, state, at=edited or created)
        except Refusal as refusal:
            return RejectedRow(line, refusal.reason, refusal.detail)
        except msgspec.ValidationError as error:
            return RejectedRow(line, "breaks_contract", str(error))
        if len(state.body) > _CHECK_BYTES_ABOVE and _too_large(event):
            return RejectedRow(line, "body_too_long", f"the event is larger than {MAX_RECORD_BYTES:,} bytes")
        return event

    def _post_id(self, cells: Cells, created: datetime) -> str:
        if cells.post_id is not None:
            return fitting(cells.post_id)
        thread_id = thread_of(cells, created, self._reading)
        if cells.post_number is not None and thread_id is not None:
            return numbered_id(cells, thread_id)
        said = (cells.thread_id, cells.channel, cells.topic, cells.author, created.isoformat(), cells.title, cells.body)
        digest = blake2b("\x1f".join([part or "" for part in said]).encode(), digest_size=12).hexdigest()
        times = self._alike[digest] = self._alike.get(digest, 0) + 1
        return digest if times == 1 else f"{digest}-{times}"

    def _version(self, post_id: str, base: int, words: int) -> tuple[int, bool]:
        """Return the row's version, and whether the row repeats the newest one that was met.

        `base` is the version by the row's own time; rows of one time are told apart by their order.
        """
        version = base
        known = self._newest.get(post_id)
        if known is not None:
            newest_base, newest, newest_words = known
            if words == newest_words:
                return newest, True
            if base < newest_base:
                return base, False
            if base == newest_base:
                version = newest + 1
        self._newest[post_id] = (base, version, words)
        return version, False

    def _state(self, cells: Cells, post_id: str, created: datetime, edited: datetime | None, version: int) -> PostState:
        reading = self._reading
        body = cells.body or ""
        if len(body) > MAX_BODY:
            detail = f"{len(body):,} characters, and at most {MAX_BODY:,} fit"
            raise Refusal(reason="body_too_long", detail=detail)
        named = thread_of(cells, created, reading)
        # Ids of posts and of threads may be the same numbers.
        thread_id = named or (f"post/{post_id}" if reading.shared else post_id)
        if "\0" in post_id or "\0" in thread_id or "\0" in (cells.author or ""):
            raise Refusal(reason="breaks_contract", detail="a NUL in an id")
        is_start = named is None or self._is_start(named, post_id, cells, created)
        fields: dict[str, Any] = {
            "post_id": post_id,
            "thread_id": thread_id,
            "author": self._author(cells, post_id),
            "version": version,
            "created_at": created,
            "is_thread_start": is_start,
            "body": body,
            "body_format": reading.body_format,
            "edited_at": edited,
            "parent_post_id": self._parent(cells, thread_id),
            "thread_title": self._thread_title(cells, created),
            "category": cells.category or (reading.channel_name(cells.channel) if cells.channel else None),
            "url": cells.url,
            "lang": cells.lang,
            "app_version": cells.app_version,
        }
        fields["title"] = cells.title or (cells.thread_title if is_start else None)
        if cells.tags is not None:
            fields["tags"] = _tags(cells.tags)
        if cells.rating is not None:
            fields["rating"] = _rating(cells.rating)
        return msgspec.convert(fields, PostState)

    def _author(self, cells: Cells, post_id: str) -> dict[str, Any]:
        reading, name = self._reading, (cells.author or "").strip()
        if reading.anonymous and (not name or name.casefold() in NOBODY):
            return {"id": fitting(f"anonymous:{post_id}")}
        if not name:
            raise Refusal(reason="missing_author", detail="the account is empty")
        names = (name, cells.author_name)
        author: dict[str, Any] = {"id": name, "display_name": cells.author_name}
        if not reading.bots.isdisjoint(names):
            author["role"] = "bot"
        elif not reading.staff.isdisjoint(names):
            author["role"] = "staff"
        elif cells.role is not None:
            role = _ROLES.get(cells.role.strip().casefold())
            if role is None:
                raise Refusal(reason="bad_role", detail="not member, moderator, staff or bot")
            author["role"] = role
        return author

    def _is_start(self, thread_id: str, post_id: str, cells: Cells, created: datetime) -> bool:
        place = rank(cells, created, self._reading)
        if place != self._threads.first.get(thread_id) or (self._reading.numbered and place > 1):
            return False
        return self._started.setdefault(thread_id, post_id) == post_id

    def _parent(self, cells: Cells, thread_id: str) -> str | None:
        if cells.reply_to is not None:
            return fitting(number(cells.reply_to))
        if cells.reply_to_number is None:
            return None
        return self._threads.by_number.get((thread_id, number(cells.reply_to_number)))

    def _thread_title(self, cells: Cells, created: datetime) -> str | None:
        reading = self._reading
        if cells.thread_title is not None:
            return cells.thread_title
        if cells.topic is not None:
            return reading.topic_name(cells.topic)
        if reading.by_day and cells.thread_id is None:
            day = created.astimezone(reading.zone).date().isoformat()
            return f"{reading.channel_name(cells.channel)} {day}" if cells.channel else day
        return None


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _rating(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value not in (1.0, 2.0, 3.0, 4.0, 5.0):
        raise Refusal(reason="bad_rating", detail="not a whole number from 1 to 5")
    return int(value)


def _tags(text: str) -> list[str]:
    parts = (part.strip() for part in text.replace(";", ",").replace("|", ",").split(","))
    return [part for part in parts if part]


def _too_large(event: Event) -> bool:
    return len(encode(event)) + len(event.partitionkey.encode()) > MAX_RECORD_BYTES
