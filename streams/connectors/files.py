"""A file as a source of events: what it holds is decided once, said aloud, and then read from front to back.

Memory grows with the number of posts in the file (ids and versions), never with their words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import IO, Literal
from zoneinfo import ZoneInfo

from kernel.community import SourceTable
from kernel.model import BodyFormat, SourceKind
from streams.connectors.base import Item, RejectedRow
from streams.connectors.mapping import NO_CHOICES, Cells, Choices, Mapping, choose
from streams.connectors.names import name_reader
from streams.connectors.opening import Format
from streams.connectors.posts import SURVEYED, Assembler, Threads, survey
from streams.connectors.presets import PRESETS, Preset
from streams.connectors.reading import Reading
from streams.connectors.rows import Table, inspect, read
from streams.connectors.times import is_naive, time_reader

_MARKUP = re.compile(r"</(p|div|a|li|ul|ol|b|i|em|strong|code|pre|span|blockquote)>|<br ?/?>", re.IGNORECASE)
_HTML_SHARE = 0.3
_MARKDOWN_COLUMNS = ("raw", "markdown", "body_markdown")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person asked for; None leaves the decision to the preset and the file."""

    zone: ZoneInfo
    preset: Preset | None = None
    choices: Choices = NO_CHOICES
    kind: SourceKind | None = None
    html: bool | None = None
    time_format: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class FileConnector:
    """The posts of one CSV or JSONL file. `notes` says in sentences what was decided about it."""

    def __init__(
        self, path: Path, form: Format, *, name: str, wishes: Wishes, now: datetime, source: SourceTable | None = None
    ) -> None:
        self.table = inspect(path, form)
        preset = wishes.preset or (PRESETS.get(source.kind) if source is not None else None)
        self.mapping = choose(preset, self.table.columns, wishes.choices)
        self.reading = _decide(self.table, self.mapping, name=name, wishes=wishes, now=now, source=source)
        self.notes = tuple(_notes(self.mapping, self.reading, self.table, time_format=wishes.time_format))
        self.step: Literal["looking through", "reading"] = "reading"
        self._watched: IO[bytes] | None = None
        self._size = max(path.stat().st_size, 1)

    @property
    def name(self) -> str:
        """The source's name."""
        return self.reading.source

    @property
    def share_read(self) -> float:
        """How much of the file the present reading has passed, 0 to 1."""
        try:
            return min(1.0, self._watched.tell() / self._size) if self._watched is not None else 0.0
        except ValueError:  # closed, as it is when all of it was read
            return 1.0

    def read(self, since: datetime | None = None) -> Iterator[Item]:
        """Yield one item a row: an event, or why there is none. Raises `InputError` when the file breaks off."""
        reading = self.reading
        if since is not None:
            reading = replace(reading, since=max(since, reading.since or since))
        threads = Threads()
        if reading.shared or reading.by_day:
            self.step = "looking through"
            threads = survey((item for item in self._rows(SURVEYED) if not isinstance(item, RejectedRow)), reading)
            self._watched = None
        self.step = "reading"
        assembler = Assembler(reading, threads)
        for item in self._rows(Cells._fields):
            yield item if isinstance(item, RejectedRow) else assembler.item(*item)

    def _rows(self, wanted: Collection[str]) -> Iterator[tuple[int, Cells] | RejectedRow]:
        """Read the columns of the `wanted` fields; the others are None."""
        fields = [name for name in Cells._fields if name in wanted and name in self.mapping.columns]
        spread = itemgetter(*[fields.index(name) if name in fields else len(fields) for name in Cells._fields])
        constants = self.mapping.constants
        for item in read(self.table, [self.mapping.columns[name] for name in fields], watch=self._watch):
            if isinstance(item, RejectedRow):
                yield item
            else:
                cells = Cells._make(spread((*item[1], None)))
                yield item[0], cells._replace(**constants) if constants else cells

    def _watch(self, stream: IO[bytes]) -> None:
        self._watched = stream


def _decide(
    table: Table, mapping: Mapping, *, name: str, wishes: Wishes, now: datetime, source: SourceTable | None
) -> Reading:
    preset = mapping.preset
    told = source.kind if source is not None and source.kind != "other" else None
    return Reading(
        source=name,
        kind=wishes.kind or told or (preset.kind if preset else "other"),
        zone=wishes.zone,
        instant=time_reader(wishes.zone, form=wishes.time_format),
        now=now,
        body_format=_body_format(table, mapping, html=wishes.html),
        anonymous=preset is not None and preset.anonymous,
        by_day=preset is not None and preset.alone == "day",
        shared=mapping.has("thread_id") or mapping.has("topic"),
        numbered=mapping.has("post_number"),
        channel_name=name_reader(table.values(mapping.columns.get("channel"))),
        topic_name=name_reader(table.values(mapping.columns.get("topic"))),
        staff=frozenset(source.staff if source is not None else ()),
        bots=frozenset(source.bots if source is not None else ()),
        since=wishes.since,
        until=wishes.until,
    )


def _body_format(table: Table, mapping: Mapping, *, html: bool | None) -> BodyFormat:
    column = mapping.columns.get("body")
    if html is None:
        bodies = table.values(column)
        html = sum(1 for body in bodies if _MARKUP.search(body)) > _HTML_SHARE * len(bodies)
    if html:
        return "html"
    return "markdown" if column is not None and column.casefold() in _MARKDOWN_COLUMNS else "text"


def _notes(mapping: Mapping, reading: Reading, table: Table, *, time_format: str | None) -> Iterator[str]:
    """Say what was decided and might surprise."""
    times = table.values(mapping.columns.get("created_at"))
    if any(is_naive(text, form=time_format) for text in times[:20]):
        yield f"Times without a zone are read as {reading.zone.key}."
    if reading.body_format != "text":
        yield f"The words are read as {reading.body_format}."
    if not mapping.has("post_id"):
        ids = "its thread and number" if reading.numbered else "what each row says"
        yield f"No column holds an id: ids are made from {ids}, the same on every import."
    if reading.anonymous:
        yield _on_authors(mapping, table)
    if reading.by_day and not reading.shared:
        yield "No column holds a thread: each channel's day is one."
    elif not reading.shared:
        yield "Each post is a thread of its own."


def _on_authors(mapping: Mapping, table: Table) -> str:
    if not mapping.has("author"):
        return "No column holds the author: each review counts as a person of its own."
    return "Reviews without a name, or under a store's stand-in for one, count as a person each."
