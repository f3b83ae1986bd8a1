"""The only way a number gets onto a page: as a part of a fact, a date, a setting, or words that somebody wrote.

One voice speaks into two media. In HTML every part of a fact is a `<data>` element that names it and links to its line,
so that a test can tell a digit that is not a fact; in Markdown the same sentences are plain text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from markupsafe import Markup

from kernel.model import Fact
from reports.numbers import UNKNOWN, Numbers


class Medium(Protocol):
    """Where sentences go. Each method returns text that is safe there."""

    def phrase(self, words: str) -> str:
        """Return our own words."""
        ...

    def figure(self, fact: Fact, part: str, shown: str) -> str:
        """Return a part of a fact: value, n, total, previous, low, high or q."""
        ...

    def setting(self, shown: str) -> str:
        """Return a value of the report itself: a version, a setting, an id."""
        ...

    def moment(self, iso: str, shown: str) -> str:
        """Return a date or an instant."""
        ...

    def verbatim(self, words: str) -> str:
        """Return words that a member, a person or the community's file wrote."""
        ...

    def unknown(self, why: str) -> str:
        """Return the sign that a number is not known."""
        ...


@dataclass(frozen=True)
class Html:
    """Marks up everything that may hold a digit; `page` is where the facts' lines are, empty for the same page."""

    page: str = ""

    def phrase(self, words: str) -> Markup:
        """Return our own words, escaped."""
        return Markup(html.escape(words))  # noqa: S704 - escaped just here

    def figure(self, fact: Fact, part: str, shown: str) -> Markup:
        """Return a link to the fact's line around a data element."""
        raw = part_of(fact, part)
        return Markup('<a class="n" href="{}#{}"><data value="{}" data-fact="{}" data-part="{}">{}</data></a>').format(
            self.page, fact.id, "" if raw is None else f"{raw:.15g}", fact.id, part, shown
        )

    def setting(self, shown: str) -> Markup:
        """Return a marked value."""
        return Markup("<span data-meta>{}</span>").format(shown)

    def moment(self, iso: str, shown: str) -> Markup:
        """Return a time element."""
        return Markup('<time datetime="{}">{}</time>').format(iso, shown)

    def verbatim(self, words: str) -> Markup:
        """Return the words, isolated from the direction of ours."""
        return Markup("<bdi data-verbatim>{}</bdi>").format(words)

    def unknown(self, why: str) -> Markup:
        """Return a dash that says why when read aloud."""
        return Markup('<span class="unknown" title="{}">{}</span>').format(why, UNKNOWN)


class Plain:
    """Writes Markdown: only words of others are escaped."""

    def phrase(self, words: str) -> str:
        """Return our own words."""
        return words

    def figure(self, _fact: Fact, _part: str, shown: str) -> str:
        """Return the number."""
        return shown

    def setting(self, shown: str) -> str:
        """Return the value."""
        return shown

    def moment(self, _iso: str, shown: str) -> str:
        """Return the date."""
        return shown

    def verbatim(self, words: str) -> str:
        """Return the words on one line, so that nothing in them is markup."""
        return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(words.split()))

    def unknown(self, _why: str) -> str:
        """Return a dash."""
        return UNKNOWN


@dataclass(frozen=True)
class Voice:
    """Says facts in one language into one medium."""

    numbers: Numbers
    medium: Medium
    facts: Mapping[str, Fact]

    def say(self, key: str, **places: str) -> str:
        """Return a phrase with its places filled by what this voice returned."""
        return self.medium.phrase(self.numbers.words[key]).format(**places)

    def fact(self, fact_id: str) -> Fact | None:
        """Return a fact of the report, None where this kind of report has none."""
        return self.facts.get(fact_id)

    def value(self, fact: Fact | None, part: str = "value") -> str:
        """Return a part of a fact in its unit, or the sign for unknown."""
        if fact is None or part_of(fact, part) is None:
            return self.medium.unknown(self._why(fact))
        return self.medium.figure(fact, part, shown(self.numbers, fact, part))

    def of(self, fact: Fact | None) -> str:
        """Return n/N of a fact; the sign for unknown where there is no evidence."""
        if fact is None or fact.n is None or fact.total is None:
            return self.medium.unknown(self._why(fact))
        return self.value(fact, "n") + "/" + self.value(fact, "total")

    def interval(self, fact: Fact | None) -> str:
        """Return low to high, or at least low where the upper end is open."""
        if fact is None or fact.interval is None:
            return self.medium.unknown(self._why(fact))
        form = "at_least" if fact.interval.high is None else "at_most" if fact.interval.low is None else "range"
        return self.say(f"format.{form}", low=self.value(fact, "low"), high=self.value(fact, "high"))

    def quantity(self, fact: Fact | None, unit: str | None = None) -> str:
        """Return a count with its unit in the right number, such as 1 person."""
        if fact is None or fact.value is None:
            return self.medium.unknown(self._why(fact))
        form = "one" if fact.value == 1 else "other"
        return self.say(f"unit.{unit or fact.unit}_{form}", n=self.value(fact))

    def label(self, fact: Fact) -> str:
        """Return what a fact means."""
        kind = kind_of(fact.id)
        hours = re.search(r"_(\d+)h$", fact.id)
        return self.say(f"fact.{kind}", hours=self.setting(hours[1])) if hours else self.say(f"fact.{kind}")

    def setting(self, value: object) -> str:
        """Return a value of the report itself."""
        return self.medium.setting(str(value))

    def verbatim(self, words: str) -> str:
        """Return words of others."""
        return self.medium.verbatim(words)

    def day(self, day: date) -> str:
        """Return a date."""
        return self.medium.moment(day.isoformat(), self.numbers.day(day))

    def week(self, monday: date) -> str:
        """Return the days of a week."""
        return self.medium.moment(monday.isoformat(), self.numbers.week(monday))

    def instant(self, instant: datetime, zone: str) -> str:
        """Return an instant in the community's zone."""
        return self.medium.moment(instant.isoformat(), self.numbers.instant(instant, zone))

    def _why(self, fact: Fact | None) -> str:
        key = f"pulse.{fact.note}" if fact is not None and fact.note else ""
        return self.numbers.words.get(key, self.numbers.words["page.unknown"])


def part_of(fact: Fact, part: str) -> float | None:
    """Return a part of a fact as a number."""
    if part in ("low", "high"):
        return getattr(fact.interval, part) if fact.interval else None
    name = "q_value" if part == "q" else part
    found: float | None = getattr(fact, name)
    return found


def shown(numbers: Numbers, fact: Fact, part: str) -> str:
    """Return how a part of a fact is written."""
    number = part_of(fact, part)
    if number is None:
        return UNKNOWN
    if part in ("n", "total"):
        return numbers.count(number)
    if part in ("low", "high") and fact.unit == "ratio":
        return numbers.decimal(number, 2 if number < 0.1 else 1)
    if part == "low":
        return numbers.low(fact, number, part_of(fact, "high"))
    return numbers.probability(number) if part == "q" else numbers.of_fact(fact, number)


def kind_of(fact_id: str) -> str:
    """Return what kind of fact an id is of: `theme.12.people` is a `theme_people`."""
    parts = fact_id.split(".")
    if parts[0] in ("theme", "thread", "area"):
        parts = [parts[0], parts[-1]]
    elif len(parts) == 4:
        parts = [parts[0], parts[1], parts[3]]
    elif parts[0] == "change":
        parts = ["change"]
    return re.sub(r"_\d+h$", "", "_".join(parts))
