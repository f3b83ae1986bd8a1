"""What happens in the weeks that are told: which themes there are, how each goes, a release and an incident.

The weeks end on a fixed day, so that the community depends on the seed and on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from suara.demo import texts

ZONE = ZoneInfo("Asia/Jakarta")
END = date(2026, 11, 16)  # the Monday after the last week
THEMES = 14

Shape = Literal["born", "growing", "fading", "fixed", "incident", "steady"]
# How many themes of each course there are; all others are steady.
_COURSES: dict[Shape, int] = {"incident": 1, "fixed": 2, "born": 2, "growing": 3, "fading": 2}


class Arc(msgspec.Struct, frozen=True, kw_only=True):
    """One theme's course: `weekly` is how much it is talked about in each week, 1 being usual."""

    theme: str
    shape: Shape
    weekly: tuple[float, ...]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something breaks at a known minute and is repaired at another."""

    theme: str
    start: datetime
    end: datetime


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A version that repairs themes."""

    version: str
    before: str
    themes: tuple[str, ...]
    at: datetime


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """The whole story. `first` is the Monday of the first week."""

    seed: int
    product: str
    says: str
    first: date
    weeks: int
    arcs: tuple[Arc, ...]
    release: Release
    incident: Incident

    def midnight(self, week: int, day: int = 0) -> datetime:
        """Return when a day begins: `week` from 0, `day` from 0 on Monday."""
        return datetime.combine(self.first + timedelta(days=7 * week + day), datetime.min.time(), ZONE).astimezone(UTC)

    def week_of(self, at: datetime) -> int:
        """Return the week, from 0, in which an instant lies."""
        return (at.astimezone(ZONE).date() - self.first).days // 7

    def version_at(self, at: datetime) -> str:
        """Return the version of the app that most people have."""
        return self.release.version if at >= self.release.at else self.release.before


def lots_of(seed: int, name: str) -> Random:
    """Return the lots for one part of the story, the same for the same seed and name."""
    return Random(f"{seed}/{name}")  # noqa: S311 - a story, not a secret


def draw_plot(*, seed: int, weeks: int) -> Plot:
    """Draw a story of `weeks` weeks."""
    lots = lots_of(seed, "plot")
    product = lots.choice(texts.people()["product"])
    first = END - timedelta(weeks=weeks)
    minor = lots.randrange(1, 8)
    shapes = _cast(lots)
    release_week, incident_week, born_week = min(4, weeks // 2), min(5, weeks - 1), min(2, weeks // 2)
    release = Release(
        version=f"5.{minor + 1}.0",
        before=f"5.{minor}.{lots.randrange(1, 9)}",
        themes=tuple(sorted(theme for theme, shape in shapes.items() if shape == "fixed")),
        at=_local(first, release_week, lots.choice((1, 2, 3)), hour=10),
    )
    start = _local(first, incident_week, lots.choice((1, 2, 3, 4)), hour=lots.randrange(9, 20))
    broken = next(theme for theme, shape in shapes.items() if shape == "incident")
    incident = Incident(theme=broken, start=start, end=start + timedelta(minutes=lots.randrange(170, 290)))
    arcs = [
        Arc(
            theme=theme,
            shape=shape,
            weekly=_weekly(shape, weeks, born=born_week, release=release_week, level=lots.uniform(0.75, 1.35)),
        )
        for theme, shape in sorted(shapes.items())
    ]
    return Plot(
        seed=seed, product=product["name"], says=product["says"], first=first, weeks=weeks, arcs=tuple(arcs),
        release=release, incident=incident,
    )  # fmt: skip


def _cast(lots: Random) -> dict[str, Shape]:
    """Give courses to themes that can take them, and fill up with steady ones."""
    left = sorted(texts.themes())
    lots.shuffle(left)
    shapes: dict[str, Shape] = {}
    for shape, count in _COURSES.items():
        able = [theme for theme in left if shape in texts.themes()[theme].shapes and theme not in shapes]
        shapes |= dict.fromkeys(able[:count], shape)
    rest = [theme for theme in left if theme not in shapes]
    return shapes | dict.fromkeys(rest[: THEMES - len(shapes)], "steady")


def _weekly(shape: Shape, weeks: int, *, born: int, release: int, level: float) -> tuple[float, ...]:
    def much(week: int) -> float:
        share = week / max(weeks - 1, 1)
        if shape == "growing":
            return 0.35 + 1.5 * share
        if shape == "fading":
            return 1.8 - 1.6 * share
        if shape == "born":
            return 0.0 if week < born else (1.2, 1.8, 1.5)[min(week - born, 2)]
        if shape == "fixed":
            return 1.6 if week < release else 1.1 if week == release else 0.3
        return 0.9

    return tuple(round(level * much(week), 3) for week in range(weeks))


def _local(first: date, week: int, day: int, *, hour: int) -> datetime:
    at = datetime.combine(first + timedelta(days=7 * week + day), datetime.min.time(), ZONE)
    return (at + timedelta(hours=hour)).astimezone(UTC)


def mondays(plot: Plot) -> Sequence[date]:
    """Return the Mondays of all weeks."""
    return [plot.first + timedelta(weeks=week) for week in range(plot.weeks)]
