"""What a page shows and in which order, before any template: lists of facts with the names that belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from kernel.calendar import week_span
from kernel.model import Fact, Quote
from reports.document import Area, Document, ThemeName, Waiting, least_people

# The newest post may be this much older than the end of the week before the page says so.
LATE_HOURS = 36
TOP = 10

_FAMILIES = ("report", "trust", "voice", "theme", "area", "response", "thread", "pulse")


@dataclass(frozen=True)
class ThemeView:
    """A theme with its facts by short name, its verdicts, and its quotes; `is_small` where too few people wrote."""

    theme: ThemeName
    facts: dict[str, Fact]
    quotes: tuple[Quote, ...]
    counters: tuple[Quote, ...]
    is_small: bool

    @property
    def name(self) -> str:
        """What the page calls it: a machine's name gets a capital, a person's name stays as it was written."""
        name = self.theme.name
        return name if self.theme.name_source == "person" else name[:1].upper() + name[1:]

    @property
    def status(self) -> str:
        """Emerging, growing, persistent or fading; first in the first week of all themes."""
        return self.facts["status"].note or "persistent"

    @property
    def rank(self) -> float | None:
        """Its rank by people; None when nobody spoke of it in this week."""
        return self.facts["rank"].value


@dataclass(frozen=True)
class Change:
    """A bullet: its kind, the fact it speaks of, and the theme, where it is of one."""

    kind: str
    fact: Fact
    theme: ThemeView | None


@dataclass(frozen=True)
class AreaView:
    """An area with its facts by short name."""

    area: Area
    facts: dict[str, Fact]

    @property
    def is_silent(self) -> bool:
        """Whether nothing was said about it, and nothing asked."""
        return not self.facts

    @property
    def people(self) -> float:
        """People who spoke of it; 0 where nobody did."""
        return (self.facts["people"].value or 0.0) if "people" in self.facts else 0.0


@dataclass(frozen=True)
class View:
    """All lists of a page."""

    document: Document
    facts: dict[str, Fact]
    top: list[ThemeView]
    others: list[ThemeView]
    changes: list[Change]
    within: list[tuple[int, Fact]]
    by_source: list[tuple[str, Fact]]
    waiting: list[tuple[Waiting, Fact]]
    areas: list[AreaView]
    mixes: list[tuple[str, list[tuple[str, Fact]]]]
    table: list[Fact]

    @property
    def is_empty(self) -> bool:
        """Whether nobody of the community wrote in this week."""
        return not self.facts["trust.counted"].value

    @property
    def is_first(self) -> bool:
        """Whether no week before is known."""
        return not self.facts["report.history_weeks"].value

    @property
    def verdict(self) -> str:
        """Which sentence sums up the changes. A silence after a week with people is one, whatever the tests say."""
        people = self.facts["voice.people"]
        if self.is_first:
            return "first"
        if not people.value and people.previous:
            return "silent"
        if not self.facts["report.tests"].total:
            return "few"
        return "tests" if self.changes else "none"

    @property
    def has_new(self) -> bool:
        """Whether a theme is named as new, which no test says."""
        return any(change.kind == "new" for change in self.changes)

    @property
    def is_late(self) -> bool:
        """Whether the newest post is so old that the week may not be complete."""
        meta, zone = self.document.meta, self.document.meta.zone
        if meta.data_through is None:
            return True
        return meta.data_through < week_span(meta.week, zone).end - timedelta(hours=LATE_HOURS)


def view(document: Document) -> View:
    """Return the lists of a document's page."""
    facts = {fact.id: fact for fact in document.facts}
    themes = [_theme(theme, document, facts) for theme in document.themes]
    ranked = sorted((theme for theme in themes if not theme.is_small), key=_place)
    top = ranked[:TOP]
    others = [theme for theme in [*ranked[TOP:], *themes] if theme not in top]
    by_id = {theme.theme.theme_id: theme for theme in themes}
    return View(
        document=document,
        facts=facts,
        top=top,
        others=list({theme.theme.theme_id: theme for theme in others}.values()),
        changes=[_change(fact, facts, by_id) for fact in document.facts if fact.id.startswith("change.")],
        within=_within(facts.values()),
        by_source=_named(facts, r"response\.source\.(.+)\.answered"),
        waiting=sorted(_waiting(document, facts), key=lambda pair: (-(pair[1].value or 0), pair[0].thread_id)),
        areas=_areas(document, facts),
        mixes=[(kind, _named(facts, rf"pulse\.{kind}\.(.+)\.posts")) for kind in ("source", "language")],
        table=sorted((fact for fact in document.facts if fact.unit != "text"), key=_line),
    )


def _theme(theme: ThemeName, document: Document, facts: dict[str, Fact]) -> ThemeView:
    quotes = [quote for quote in document.quotes if quote.theme_id == theme.theme_id]
    own = _family(facts, f"theme.{theme.theme_id}.")
    return ThemeView(
        theme,
        own,
        tuple(quote for quote in quotes if quote.stance == "quote"),
        tuple(quote for quote in quotes if quote.stance == "counter"),
        (own["people"].value or 0) < least_people(document.facts),
    )


def _place(theme: ThemeView) -> tuple[float, float, int]:
    return theme.rank or 0.0, -(theme.facts["posts"].value or 0.0), theme.theme.theme_id


def _change(change: Fact, facts: dict[str, Fact], themes: dict[int, ThemeView]) -> Change:
    about = facts[str(change.params["fact"])]
    theme = change.params.get("theme_id")
    return Change(change.note or "", about, themes[int(theme)] if theme is not None else None)


def _within(facts: Iterable[Fact]) -> list[tuple[int, Fact]]:
    found = [(re.fullmatch(r"response\.answered_within_(\d+)h", fact.id), fact) for fact in facts]
    return sorted(((int(name[1]), fact) for name, fact in found if name), key=lambda pair: pair[0])


def _waiting(document: Document, facts: dict[str, Fact]) -> list[tuple[Waiting, Fact]]:
    return [(thread, facts[f"thread.{thread.thread_id}.waiting_hours"]) for thread in document.waiting]


def _areas(document: Document, facts: dict[str, Fact]) -> list[AreaView]:
    """Return the configured areas and any other that was spoken of, most people first."""
    known = {area.key: area for area in document.meta.areas}
    spoken = [name for name, _ in _named(facts, r"area\.(.+)\.people")]
    found = [
        AreaView(
            known.get(key, Area(key=key, title=key)),
            _family(facts, f"area.{key}.") | _family(facts, f"response.area.{key}."),
        )
        for key in dict.fromkeys([*spoken, *known])
    ]
    return sorted(found, key=lambda area: (-area.people, area.area.key))


def _named(facts: dict[str, Fact], pattern: str) -> list[tuple[str, Fact]]:
    """Return the facts whose whole id fits, by the name in it, most evidence first."""
    found = [(name[1], fact) for fact in facts.values() if (name := re.fullmatch(pattern, fact.id))]
    return sorted(found, key=lambda pair: (-(pair[1].n or 0), pair[0]))


def _family(facts: dict[str, Fact], prefix: str) -> dict[str, Fact]:
    return {name.removeprefix(prefix): fact for name, fact in facts.items() if name.startswith(prefix)}


def _line(fact: Fact) -> tuple[int, list[tuple[int, str]]]:
    """Order the table of facts as the page is, and numbers in ids as numbers."""
    parts = fact.id.split(".")
    return _FAMILIES.index(parts[0]), [(int(part), "") if part.isdigit() else (0, part) for part in parts]
