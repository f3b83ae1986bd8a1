"""Proposals of a refit: what lies together, what lies apart, what is missing, and nothing else."""

from __future__ import annotations

import numpy as np

from nlp.audit import propose
from nlp.matching import NONE


def proposals(groups: list[tuple[int, int, int]]) -> list[tuple[str, int | None, int | None]]:
    """Return (kind, theme, into) for rows of (fresh group, theme, number of posts), each by a person."""
    rows = [(group, theme) for group, theme, number in groups for _ in range(number)]
    fresh, themes = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    found = propose(fresh, fresh, themes, range(len(rows)), range(len(rows)), min_people=3)
    return [(one.kind, one.theme, one.into) for one in found]


def test_themes_that_a_refit_finds_again_give_nothing():
    assert proposals([(0, 1, 40), (1, 2, 30), (1, NONE, 5)]) == []


def test_two_themes_in_one_group_may_be_one():
    assert proposals([(0, 1, 40), (0, 2, 20), (1, 2, 5), (1, 3, 30)]) == [("merge", 2, 1)]


def test_a_theme_in_two_groups_of_its_own_may_be_two():
    assert proposals([(0, 1, 40), (1, 1, 20), (2, 2, 30)]) == [("split", 1, None)]


def test_a_theme_that_is_only_spread_is_not_split():
    assert proposals([(0, 1, 40), (1, 1, 12), (1, 2, 60)]) == []


def test_a_subject_in_no_theme_is_named_when_enough_people_speak_of_it():
    assert proposals([(0, 1, 40), (1, NONE, 15)]) == [("new", None, None)]
    assert proposals([(0, 1, 40), (1, NONE, 5)]) == []
    rows = np.array([0] * 12, np.int64)
    assert propose(rows, rows, rows + NONE, [7] * 12, range(12), min_people=3) == []


def test_a_thread_that_a_few_people_filled_is_no_missing_subject():
    rows = np.array([0] * 12, np.int64)
    for people, told in ((8, 0), (9, 1)):
        found = propose(rows, rows, rows + NONE, [row % people for row in range(12)], [5] * 7 + [6] * 5, min_people=3)
        assert len(found) == told
