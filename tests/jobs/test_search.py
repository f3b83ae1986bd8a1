"""How rankings by meaning and by words become one."""

from __future__ import annotations

from typing import Any

from jobs.search import _fuse


def ranking(*posts: int, score: float = 0.5) -> list[dict[str, Any]]:
    return [{"post_id": post, "excerpt": f"{post}", "score": score - place / 100} for place, post in enumerate(posts)]


def order(*rankings: list[dict[str, Any]]) -> list[int]:
    return [row["post_id"] for row in _fuse(*rankings)]


def test_a_post_that_is_found_both_ways_stands_before_the_first_of_either():
    assert order(ranking(1, 2), ranking(3, 2), []) == [2, 1, 3]


def test_posts_that_hold_but_some_word_do_not_push_out_what_says_the_same():
    meaning, some = ranking(*range(1, 11)), ranking(*range(101, 151))
    assert order(meaning, [], some)[:10] == list(range(1, 11))
    assert order(meaning, [], some)[10:] == list(range(101, 151)), "but they are found"


def test_of_equals_the_nearer_one_stands_first():
    assert order(ranking(1), ranking(2), []) == [1, 2]


def test_each_says_why_it_was_found():
    found = {row["post_id"]: row for row in _fuse(ranking(1, 2), ranking(2), ranking(3))}
    assert {post: (row["found_by"], row["similarity"]) for post, row in found.items()} == {
        1: (["meaning"], 0.5),
        2: (["meaning", "words"], 0.49),
        3: (["words"], None),
    }
    assert not any("score" in row for row in found.values())
