"""A report as a value: what it is about, its facts, quotes, themes and waiting threads. All that a page is made from.

The bytes are canonical: the same content gives the same bytes, however it was put together, and reading them back gives
the same document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from kernel.errors import InputError
from kernel.model import Fact, Interval, Quote
from reports.evidence import is_printable

COMMUNITY = "community"
_WAITING = re.compile(r"thread\.(\d+)\.waiting_hours")


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the product with a team and, mostly, an owner."""

    key: str
    title: str
    team: str | None = None
    owner: str | None = None


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is about. `area` is the key of its area, or `community` for the whole.

    `areas` are all areas of the product, for their titles and owners. `models` names what read the posts, each with its
    version. `continuity` and `stability` grade the week's theme run, 0 to 1; None where there was nothing to compare.
    `edition` counts the inputs of a week: it grows when posts change after somebody promoted one of its reports.
    A proposal that nobody promoted is replaced under the same revision: `report_id` and `proposed_at` tell them apart.
    """

    report_id: int
    input_id: int
    community: str
    week: date
    timezone: str
    language: Literal["en", "id"] = "en"
    area: str = COMMUNITY
    areas: tuple[Area, ...] = ()
    revision: int = 1
    edition: int = 1
    status: Literal["proposed", "current", "superseded"] = "proposed"
    proposed_at: datetime | None = None
    promoted_by: str | None = None
    data_through: datetime | None = None
    code_version: str = ""
    models: dict[str, str] = {}
    languages: tuple[str, ...] = ("en", "id")
    within_hours: tuple[int, ...] = (1, 24, 72, 168)
    sla_hours: int = 24
    continuity: float | None = None
    stability: float | None = None

    @property
    def is_community(self) -> bool:
        """Whether it is about the whole community, not one area."""
        return self.area == COMMUNITY

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its days and weeks."""
        return ZoneInfo(self.timezone)

    @property
    def folder(self) -> str:
        """The folder of the week's pages, of all areas on the same input; a promoted report's is never written to."""
        return str(self.week) if self.edition == 1 else f"{self.week}-{self.edition}"

    def title_of(self, key: str) -> str:
        """Return the title of an area."""
        return next((area.title for area in self.areas if area.key == key), key)


class ThemeName(msgspec.Struct, frozen=True, kw_only=True):
    """What a theme was called when the report was frozen."""

    theme_id: int
    name: str
    name_source: Literal["machine", "person"]
    born_week: date
    area: str | None = None
    keywords: tuple[str, ...] = ()


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A thread that waits for an answer; the hours are in the fact `thread.<id>.waiting_hours`."""

    thread_id: int
    source: str
    title: str | None = None
    url: str | None = None
    area: str | None = None
    theme_id: int | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One report."""

    meta: Meta
    facts: tuple[Fact, ...] = ()
    quotes: tuple[Quote, ...] = ()
    themes: tuple[ThemeName, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def compose(
    *,
    meta: Meta,
    facts: Iterable[Fact],
    quotes: Iterable[Quote] = (),
    themes: Iterable[Mapping[str, Any]] = (),
    threads: Iterable[Mapping[str, Any]] = (),
) -> Document:
    """Return the document of a report: only themes and threads that its facts speak of, all in one order.

    Nobody is quoted where fewer people wrote than `least_people`.
    `themes` and `threads` are rows of the queries of the same name, or of the frozen tables behind them.
    """
    ordered = tuple(sorted((canonical(fact) for fact in facts), key=lambda fact: fact.id))
    known = {fact.id for fact in ordered}
    named = [_pick(ThemeName, row) for row in themes if f"theme.{row['theme_id']}.people" in known]
    asking = set(waiting_in(ordered))
    waiting = [_waiting(row) for row in threads if row["thread_id"] in asking]
    people, least = {fact.id: fact.value or 0 for fact in ordered}, least_people(ordered)
    heard = {theme.theme_id for theme in named if people[f"theme.{theme.theme_id}.people"] >= least}
    return Document(
        meta=meta,
        facts=ordered,
        quotes=tuple(sorted((q for q in quotes if q.theme_id in heard), key=lambda quote: quote.id)),
        themes=tuple(sorted(named, key=lambda theme: theme.theme_id)),
        waiting=tuple(sorted(waiting, key=lambda thread: thread.thread_id)),
    )


def waiting_in(facts: Iterable[Fact]) -> list[int]:
    """Return the ids of the waiting threads that facts speak of."""
    return [int(found[1]) for fact in facts if (found := _WAITING.fullmatch(fact.id))]


def least_people(facts: Iterable[Fact]) -> int:
    """Return how many people a theme needs to be shown; one in a report from before there was such a bound."""
    return next((int(fact.params["min_people"] or 1) for fact in facts if fact.id == "report.small_themes"), 1)


def encode(document: Document) -> bytes:
    """Return the document as indented JSON, always the same bytes for the same content."""
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"


def decode(content: bytes) -> Document:
    """Read a document. Raises `InputError` saying where the content is not one."""
    try:
        return msgspec.json.decode(content, type=Document)
    except msgspec.MsgspecError as error:
        message = f"this is not a report: {error}"
        raise InputError(message, remedy="A report's facts are in report.json beside its page.") from error


def _pick(kind: type[Any], row: Mapping[str, Any]) -> Any:
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)


def _waiting(row: Mapping[str, Any]) -> Waiting:
    """Return a waiting thread, without words that would not be fit for a quote."""
    thread: Waiting = _pick(Waiting, row)
    fit = thread.title is None or is_printable(thread.title)
    return thread if fit else msgspec.structs.replace(thread, title=None)


def canonical(fact: Fact) -> Fact:
    """Return the fact as it reads after a trip through a database: numbers as floats, no interval without ends."""
    interval = fact.interval
    if interval is not None:
        ends = (_number(interval.low), _number(interval.high))
        interval = None if ends == (None, None) else Interval(*ends, interval.level)
    return msgspec.structs.replace(
        fact,
        value=_number(fact.value),
        previous=_number(fact.previous),
        interval=interval,
        series=tuple(_number(point) for point in fact.series),
        params=dict(sorted(fact.params.items())),
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
