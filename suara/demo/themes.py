"""Grades the registry: which planted themes were found, whether they kept their ids, and when new ones were noticed.

A planted theme is found when one theme of the registry holds at least half of its posts and is at least half made of
them, counted over all weeks and both languages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from suara.demo.findings import Findings
from suara.demo.truth import ThemeTruth, Truth

# A week in which a theme has fewer posts says nothing about its id.
_LEAST_POSTS = 5

Placed = Sequence[tuple[int, str, int | None]]
Row = tuple[str, str, int, int, str]


class ThemeGrade(msgspec.Struct, frozen=True, kw_only=True):
    """How one planted theme fared. `share` of its `posts` are in the registry's theme, `made_of` that theme's posts.

    `english` and `indonesian` are the posts in that theme, of all in the language.
    """

    theme: str
    title: str
    shape: str
    posts: int
    registry_id: int | None
    registry_name: str | None
    held: int
    made_of: int
    english: tuple[int, int]
    indonesian: tuple[int, int]
    kept: tuple[int, int]

    @property
    def is_found(self) -> bool:
        """Whether one theme of the registry is this theme."""
        return self.held > 0 and 2 * self.held >= self.posts and 2 * self.held >= self.made_of

    @property
    def is_found_in_both(self) -> bool:
        """Whether it also holds half of the posts of each language."""
        return self.is_found and all(2 * held >= total for held, total in (self.english, self.indonesian))


def grade_themes(truth: Truth, found: Findings) -> tuple[list[ThemeGrade], list[Row]]:
    """Return the grade of each theme, and the lines (key, label, n, total, note) that sum them up."""
    posts = [
        (post, found.posts[post.source, post.post_id].theme)
        for post in truth.posts
        if post.is_counted and post.status == "live" and (post.source, post.post_id) in found.posts
    ]
    sizes = Counter(theme for _, theme in posts if theme is not None)
    graded = []
    for theme in truth.themes:
        mine = [(post.week, post.language, held) for post, held in posts if post.theme == theme.theme]
        graded.append(_grade(theme, mine, sizes, found))
    planted = [held for post, held in posts if post.theme is not None]
    born = [theme for theme in graded if theme.shape == "born"]
    noticed = sum(_is_noticed(theme, truth, found) for theme in born)
    kept, pairs = (sum(theme.kept[part] for theme in graded) for part in (0, 1))
    return graded, [
        ("themes", "themes found", sum(t.is_found for t in graded), len(graded), "holding half of it, half made of it"),
        ("themes_both", "themes found in both languages", sum(t.is_found_in_both for t in graded), len(graded), ""),
        ("themes_kept", "weeks in which an id was kept", kept, pairs, f"{len(sizes)} ids in use"),
        ("themes_born", "new themes noticed at once", noticed, len(born), ""),
        ("themes_placed", "theme posts in some theme", sum(t is not None for t in planted), len(planted), ""),
    ]  # fmt: skip


def _grade(theme: ThemeTruth, mine: Placed, sizes: Mapping[int, int], found: Findings) -> ThemeGrade:
    inside = Counter(held for _, _, held in mine if held is not None)
    best = min(inside, key=lambda held: (-inside[held], held), default=None)

    def of(language: str) -> tuple[int, int]:
        spoken = [held for _, said, held in mine if said == language]
        return sum(held == best is not None for held in spoken), len(spoken)

    return ThemeGrade(
        theme=theme.theme,
        title=theme.title,
        shape=theme.shape,
        posts=len(mine),
        registry_id=best,
        registry_name=None if best is None else found.themes[best].name,
        held=0 if best is None else inside[best],
        made_of=0 if best is None else sizes[best],
        english=of("en"),
        indonesian=of("id"),
        kept=_kept(mine),
    )


def _kept(mine: Placed) -> tuple[int, int]:
    """Return in how many pairs of neighbouring weeks most of a theme's posts had the same id, and all pairs."""
    weeks: dict[int, Counter[int | None]] = {}
    for week, _, held in mine:
        weeks.setdefault(week, Counter())[held] += 1
    leaders: dict[int, int | None] = {}
    for week, inside in weeks.items():
        if inside.total() >= _LEAST_POSTS:
            placed = [held for held in inside if held is not None]
            leaders[week] = min(placed, key=lambda held, inside=inside: (-inside[held], held), default=None)  # type: ignore[misc]
    pairs = [week for week in leaders if week + 1 in leaders]
    return sum(leaders[week] is not None and leaders[week] == leaders[week + 1] for week in pairs), len(pairs)


def _is_noticed(graded: ThemeGrade, truth: Truth, found: Findings) -> bool:
    planted = next(theme for theme in truth.themes if theme.theme == graded.theme)
    first = next((week for week, posts in enumerate(planted.weekly) if posts >= _LEAST_POSTS), None)
    if first is None or graded.registry_id is None or not graded.is_found:
        return False
    return found.themes[graded.registry_id].born == truth.first.toordinal() + 7 * first
