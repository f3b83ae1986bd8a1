"""Long threads: many groups of one are one subject, few people fill one, and a busy channel's day is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.conversations import joined, main_thread
from nlp.matching import NONE
from nlp.registry import ThemePost, ThemeWeek
from tests.nlp.weeks import SUBJECTS, Registry, week

ROWS = st.lists(st.tuples(st.integers(NONE, 5), st.none() | st.integers(1, 4)), max_size=40)


def test_a_main_thread_holds_more_than_half():
    assert main_thread([1, 1, 2]) == 1
    assert main_thread([1, 2]) is None
    assert main_thread([None, None, 2]) is None
    assert main_thread([]) is None


@given(ROWS)
def test_only_groups_with_the_same_main_thread_become_one_and_no_post_changes_otherwise(rows):
    groups = np.array([group for group, _ in rows], np.int64)
    threads = [thread for _, thread in rows]
    found, alone = joined(groups, threads)
    assert ((found == NONE) == (groups == NONE)).all()
    for group in set(groups.tolist()) - {NONE}:
        own = main_thread([thread for place, thread in zip(groups, threads, strict=True) if place == group])
        (place,) = set(found[groups == group].tolist())
        others = {int(other) for other in groups[found == place]}
        if place in alone:
            assert own is not None
            assert main_thread([thread for at, thread in zip(found, threads, strict=True) if at == place]) == own
        else:
            assert others == {group}


def test_a_thread_that_speaks_of_everything_joins_nothing():
    groups = np.repeat(range(6), 10)
    day = [1, 1, 1, 2, 2] * 4 + [1, 2] * 20
    found, alone = joined(groups, day)
    assert Counter(found.tolist()) == dict.fromkeys(range(6), 10)
    assert alone == frozenset()


def _conversation(*, people: int, threads: int) -> ThemeWeek:
    posts, _ = week(1, list(SUBJECTS))
    return Registry().run(
        [replace(p, person_id=place % people, thread_id=place % threads) for place, p in enumerate(posts)]
    )


@pytest.mark.parametrize(("people", "threads", "born"), [(8, 1, 0), (9, 1, 1), (8, 9, 4)])
def test_a_long_thread_is_one_theme_if_three_times_the_people_of_any_speak_in_it(people, threads, born):
    assert len(_conversation(people=people, threads=threads).born) == born


def test_a_theme_of_a_thread_is_described_by_all_that_was_said_in_it():
    (one,) = _conversation(people=40, threads=1).born
    posts, about = week(1, list(SUBJECTS))
    assert {about[post] for post in one.post_ids} == set(SUBJECTS)
    assert len(one.posts) > 0.8 * len(posts)
    assert one.shape.size == len(one.posts)


def test_posts_in_no_thread_are_of_no_long_one():
    posts, _ = week(1, ["dark mode"])
    assert Registry().run([ThemePost(p.post_id, p.person_id % 4, p.text, p.language) for p in posts]).born
