"""How numbers and dates are written in each language. Plain strings; unknown is a dash, and is never 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kernel.model import Fact
from reports import phrases

UNKNOWN = "—"

# Below this many hours minutes are clearer, from the second on days are.
MINUTES_BELOW = 1
DAYS_FROM = 72


@dataclass(frozen=True)
class Numbers:
    """Writing in one language, with the words that units need."""

    words: dict[str, str]

    def count(self, value: float) -> str:
        """Write a whole number with its thousands marked."""
        return self._local(f"{round(value):,}")

    def decimal(self, value: float, digits: int) -> str:
        """Write a number with `digits` after the point."""
        return self._local(f"{value:,.{digits}f}")

    def percent(self, value: float, *, bare: bool = False) -> str:
        """Write a share, `bare` without its sign; what is not quite nothing or all never reads as 0 % or 100 %."""
        whole = round(100 * value)
        shown = "<1" if whole == 0 and value > 0 else ">99" if whole == 100 and value < 1 else str(whole)
        return shown if bare else self.words["format.percent"].format(n=shown)

    def ratio(self, value: float) -> str:
        """Write a ratio as a factor."""
        return self.words["format.ratio"].format(n=self.decimal(value, 2 if value < 0.1 else 1))

    def hours(self, value: float) -> str:
        """Write a time in minutes, hours or days, whichever reads best."""
        number, unit = self._time(value)
        return self.words[f"unit.{unit}"].format(n=number)

    def low(self, fact: Fact, low: float, high: float | None) -> str:
        """Write the lower end of an interval, without a unit that its upper end says anyway."""
        if high is None or fact.unit not in ("share", "hours"):
            return self.of_fact(fact, low)
        if fact.unit == "share":
            return self.percent(low, bare=True)
        number, unit = self._time(low)
        return number if unit == self._time(high)[1] else self.hours(low)

    def probability(self, value: float) -> str:
        """Write a p- or q-value."""
        return "<" + self.decimal(0.001, 3) if value < 0.001 else self.decimal(value, 3)

    def of_fact(self, fact: Fact, value: float | None) -> str:
        """Write a value in the unit of its fact."""
        if value is None:
            return UNKNOWN
        if fact.unit == "share":
            return self.percent(value)
        if fact.unit == "ratio":
            return self.ratio(value)
        if fact.unit == "hours":
            return self.hours(value)
        return self.count(value)

    def day(self, day: date, *, year: bool = True) -> str:
        """Write a date such as 16 November 2026."""
        text = f"{day.day} {self.month(day)}"
        return f"{text} {day.year}" if year else text

    def month(self, day: date) -> str:
        """Return the name of a day's month."""
        return self.words["format.months"].split()[day.month - 1]

    def week(self, monday: date) -> str:
        """Write the days of a week, such as 16-22 November 2026, naming month and year once where they agree."""
        sunday = monday + timedelta(days=6)
        if monday.month == sunday.month:
            return self.words["format.range"].format(low=monday.day, high=self.day(sunday))
        first = self.day(monday, year=monday.year != sunday.year)
        return self.words["format.range_wide"].format(low=first, high=self.day(sunday))

    def instant(self, instant: datetime, zone: str) -> str:
        """Write an instant in a zone, such as Sun 22 November, 23:41."""
        local = instant.astimezone(ZoneInfo(zone))
        weekday = self.words["format.weekdays"].split()[local.weekday()]
        return f"{weekday} {self.day(local.date(), year=False)}, {local:%H:%M}"

    def _time(self, hours: float) -> tuple[str, str]:
        if hours < MINUTES_BELOW:
            return self.count(60 * hours), "minutes"
        if hours < DAYS_FROM:
            return self.decimal(hours, 0 if hours >= 10 else 1), "hours"
        return self.decimal(hours / 24, 0 if hours >= 240 else 1), "days"

    def _local(self, english: str) -> str:
        marks = {",": self.words["format.thousands"], ".": self.words["format.decimal"]}
        return "".join(marks.get(sign, sign) for sign in english)


def numbers(language: str) -> Numbers:
    """Return the writing of a language."""
    return Numbers(phrases.load(language))
