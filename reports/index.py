"""The way in to all reports: one page over weeks and areas, newest week first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Literal

import msgspec

from kernel.model import Fact
from reports.document import COMMUNITY, Document
from reports.numbers import numbers
from reports.render import environment, style
from reports.view import view
from reports.voice import Html, Voice


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One report in the index; `facts` are those that its line shows, `first` the theme that leads it."""

    week: date
    folder: str
    area: str
    title: str
    community: str
    language: Literal["en", "id"]
    status: Literal["proposed", "current", "superseded"]
    facts: dict[str, Fact]
    first: str | None = None

    @property
    def href(self) -> str:
        """The report's folder, seen from the index."""
        return f"{self.folder}/{self.area}"


def entry(document: Document) -> Entry:
    """Return the line of a report."""
    lists, meta = view(document), document.meta
    shown = ("voice.people", "voice.posts")
    return Entry(
        week=meta.week,
        folder=meta.folder,
        area=meta.area,
        title=meta.community if meta.is_community else meta.title_of(meta.area),
        community=meta.community,
        language=meta.language,
        status=meta.status,
        facts={name: lists.facts[name] for name in shown if name in lists.facts},
        first=lists.top[0].name if lists.top else None,
    )


def index_html(entries: Sequence[Entry]) -> str:
    """Return the page; the newest report decides its language."""
    ordered = sorted(entries, key=lambda entry: (-entry.week.toordinal(), entry.area != COMMUNITY, entry.title))
    language = ordered[0].language if ordered else "en"
    words = numbers(language)
    told = [(entry, Voice(words, Html(f"{entry.href}/report.html"), entry.facts)) for entry in ordered]
    weeks = [(week, list(found)) for week, found in groupby(told, key=lambda pair: pair[0].week)]
    return environment().get_template("index.html.j2").render(
        v=Voice(words, Html(), {}), weeks=weeks, language=language, style=style()
    )  # fmt: skip
