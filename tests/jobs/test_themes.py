"""What the weekly theme run does around the clustering: copies follow their original, births keep their ids."""

from __future__ import annotations

from typing import Any

import numpy as np

from jobs.themes import _same_births, copies_of, follow, theme_posts
from kernel.model import Mention
from nlp.registry import BornTheme
from nlp.shapes import Shape
from warehouse.registry import Candidate


def candidate(post_id: int, repeats: int | None = None) -> Candidate:
    return Candidate(post_id, post_id, 1, "Rina W", f"thanks, Rina W: word {post_id}", "en", b"sha", repeats)


def born(*posts: int) -> BornTheme:
    nothing: Any = np.zeros(384, np.float32)
    return BornTheme(tuple((post, 0.9) for post in posts), Shape(nothing, 0.5, (), (), len(posts), None))


def test_a_copy_follows_its_original_and_one_of_those_of_an_earlier_week_stands_for_the_others():
    repeats = {1: None, 2: 1, 3: 99, 4: 1, 5: 99, 6: 98}
    originals, copies = copies_of([candidate(post, repeats=original) for post, original in repeats.items()])
    assert [original.post_id for original in originals] == [1, 3, 6]
    assert {original: [copy.post_id for copy in group] for original, group in copies.items()} == {1: [2, 4], 3: [5]}
    place = Mention(post_id=1, theme_id=7, confidence=0.9, method="known")
    assert [(m.post_id, m.theme_id) for m in follow([place], copies, {})] == [(2, 7), (4, 7)]


def test_a_copy_stays_where_a_person_put_it_whatever_becomes_of_its_original():
    originals, copies = copies_of([candidate(1), candidate(2, repeats=1), candidate(3), candidate(4, repeats=3)])
    place = Mention(post_id=1, theme_id=7, confidence=0.9, method="known")
    found = follow([place], copies, {2: 8, 4: 9})
    assert [(m.post_id, m.theme_id, m.method) for m in found] == [(2, 8, "person"), (4, 9, "person")]
    assert len(originals) == 2


def test_no_theme_can_be_called_after_a_member():
    originals, copies = copies_of([candidate(1), candidate(2, repeats=1)])
    (post,) = theme_posts(originals, copies)
    assert (post.text, post.person_id, post.repeated_by) == ("thanks,  : word 1", 1, {2})


def test_a_birth_gets_the_id_of_the_theme_whose_posts_it_holds():
    assert _same_births([born(1, 2, 3), born(7, 8, 9)], {10: {7, 8, 9}, 11: {1, 2, 3}}) == {0: 11, 1: 10}


def test_the_closest_birth_gets_the_id_whatever_the_order():
    held = set(range(10))
    assert _same_births([born(0, 1, 2), born(3, 4, 5, 6, 7, 8, 9)], {10: held}) == {1: 10}


def test_a_theme_whose_posts_went_elsewhere_gives_its_id_to_nobody():
    assert _same_births([born(1, 20, 21)], {10: {1, 2, 3, 4}, 11: set()}) == {}
