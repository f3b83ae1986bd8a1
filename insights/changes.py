"""What is different from last week? Verdicts drawn from facts after false-discovery control, never from raw counts.

Said in at most five bullets; "nothing significant" is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, zip_longest

import msgspec

from insights import stats
from insights.scope import Scope
from kernel.model import Fact

Q = 0.05
TOP = 10
CHANGES = 5
YOUNG_WEEKS = 4

_RANK = re.compile(r"theme\.(\d+)\.rank")


def judge(facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts with q-values over all tests of the report, and the verdict of each test."""
    q_values = stats.adjust([fact.p_value for fact in facts])
    return [
        fact if q is None else msgspec.structs.replace(fact, q_value=q, significant=q <= Q)
        for fact, q in zip(facts, q_values, strict=True)
    ]


def conclude(facts: Sequence[Fact], scope: Scope) -> list[Fact]:
    """Add how many tests were made, each theme's status and what changed; keep the themes that the report shows.

    Shown are the top ten by people, and every theme named in a change. Too few people are no theme, and may be known
    by their words: how many themes were left out for that is a fact.
    """
    known = {fact.id: fact for fact in facts}
    themes = [int(found[1]) for fact in facts if (found := _RANK.fullmatch(fact.id))]
    statuses = {theme: _status(theme, known) for theme in themes}
    changes = _changes(themes, known, scope)
    spoken = [theme for theme in themes if known[f"theme.{theme}.rank"].value is not None]
    ranked = [theme for theme in spoken if (known[f"theme.{theme}.people"].value or 0) >= scope.min_people]
    shown = {*ranked[:TOP], *(theme for _, fact in changes if (theme := _theme_of(fact)) is not None)}
    kept: list[Fact] = [_tests(facts, scope), _left_out(len(spoken) - len(ranked), len(spoken), scope)]
    kept += [_change(place, kind, fact) for place, (kind, fact) in enumerate(changes, 1)]
    for fact in facts:
        theme = _theme_of(fact)
        if theme is None or theme in shown:
            kept.append(fact)
        if theme in shown and _RANK.fullmatch(fact.id):
            kept.append(_status_fact(fact, statuses[theme]))
    return kept


def _status(theme: int, known: dict[str, Fact]) -> str:
    if known[f"theme.{theme}.change"].note == "first":
        return "first"
    if _is_young(known[f"theme.{theme}.age"], YOUNG_WEEKS):
        return "emerging"
    for name in ("change", "trend"):
        fact = known[f"theme.{theme}.{name}"]
        if fact.significant:
            return "growing" if _up(fact) else "fading"
    return "persistent"


def _is_young(age: Fact, weeks: int) -> bool:
    # In the registry's first week every theme is found for the first time, however long people have spoken of it.
    return age.note != "with_registry" and (age.value or 0) <= weeks


def _up(fact: Fact) -> bool:
    # A ratio to a silent week has no value, only a lower end: it is a rise.
    reference = 1.0 if fact.unit == "ratio" else fact.previous
    return fact.value is None or (reference is not None and fact.value > reference)


def _changes(themes: Sequence[int], known: dict[str, Fact], scope: Scope) -> list[tuple[str, Fact]]:
    growing: list[Fact] = []
    fading: list[Fact] = []
    born: list[Fact] = []
    for theme in themes:
        change, people = known[f"theme.{theme}.change"], known[f"theme.{theme}.people"]
        if change.significant:
            (growing if _up(change) else fading).append(change)
        elif _is_young(known[f"theme.{theme}.age"], 1) and (people.value or 0) >= stats.LEAST_PEOPLE:
            born.append(people)
    if not known["report.history_weeks"].value:
        born = []
    names = (f"response.answered_within_{scope.sla_hours}h", "pulse.active", "pulse.new", "pulse.posts")
    others = [fact for name in names if (fact := known.get(name)) and fact.significant]
    kinds: list[list[tuple[str, Fact]]] = [
        [("growing", fact) for fact in _surest(growing)],
        [("new", fact) for fact in born],
        [("up" if _up(fact) else "down", fact) for fact in others],
        [("fading", fact) for fact in _surest(fading)],
    ]
    turns = [found for found in chain.from_iterable(zip_longest(*kinds)) if found is not None]
    order = [kind for kinds_here in kinds for kind in kinds_here]
    return sorted(turns[:CHANGES], key=order.index)


def _surest(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact.q_value or 0.0)


def _change(place: int, kind: str, fact: Fact) -> Fact:
    return Fact(
        id=f"change.{place}", label=f"What changed: {kind}", query=fact.query, unit="text", value=None, note=kind,
        params={**fact.params, "fact": fact.id},
    )  # fmt: skip


def _status_fact(rank: Fact, status: str) -> Fact:
    name = rank.id.removesuffix("rank") + "status"
    return Fact(
        id=name, label="Status", query="theme_week", unit="text", value=None, note=status, params=rank.params,
        definition="2",
    )  # fmt: skip


def _tests(facts: Sequence[Fact], scope: Scope) -> Fact:
    tested = [fact for fact in facts if fact.significant is not None]
    found = sum(fact.significant is True for fact in tested)
    return Fact(
        id="report.tests", label="Significant, of all tests of this report", query="theme_week", unit="count",
        value=found, n=found, total=len(tested), params=scope.params(),
    )  # fmt: skip


def _left_out(small: int, spoken: int, scope: Scope) -> Fact:
    return Fact(
        id="report.small_themes", label="Themes left out, because too few people wrote", query="theme_week",
        unit="count", value=small, n=small, total=spoken, params=scope.params(min_people=scope.min_people),
    )  # fmt: skip


def _theme_of(fact: Fact) -> int | None:
    family, _, rest = fact.id.partition(".")
    return int(rest.partition(".")[0]) if family == "theme" else None
