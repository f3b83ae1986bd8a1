from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.duplicates import find, links, originals

_LONG = "the app closes itself whenever I open the calendar on my old tablet after the last update of the week"


def test_equal_words_are_duplicates_of_the_earliest():
    posts = [
        (3, "Please bring back the old map!"),
        (1, "please bring back the old map"),
        (2, "something else entirely here"),
    ]
    assert find(posts) == {3: 1}


def test_a_changed_word_in_a_long_text_makes_a_near_duplicate():
    assert find([(1, _LONG), (2, _LONG.replace("tablet", "phone"))]) == {2: 1}


def test_different_texts_about_the_same_are_none():
    assert find([(1, _LONG), (2, "every time I tap on the calendar everything shuts down, I use an old tablet")]) == {}


def test_short_thanks_are_no_copies():
    assert find([(1, "thank you"), (2, "thank you"), (3, "👍"), (4, "👍")]) == {}


DAY = date(2026, 11, 2)


def on(day: int, post: int, said: str = _LONG) -> tuple[int, date, str]:
    return post, DAY + timedelta(days=day), said


def test_posts_before_the_day_are_repeated_but_not_judged():
    posts = [on(-3, 4), on(-2, 2), on(0, 9)]
    assert links(posts, since=DAY, days=14) == [(9, 4)]


def test_what_was_said_longer_ago_is_no_link_but_a_chain_leads_back_to_it():
    posts = [on(0, 1), on(14, 2), on(29, 3)]
    found = links(posts, since=DAY, days=14)
    assert found == [(2, 1)]
    assert links([*posts[:2], on(28, 3)], since=DAY, days=14) == [(2, 1), (3, 2)]
    assert originals([1, 2, 3], [(2, 1), (3, 2)]) == {2: 1, 3: 1}


def test_a_post_joins_what_was_apart():
    first, between, last = (" ".join(f"word{number}" for number in range(at, at + 24)) for at in (0, 3, 6))
    assert find([(1, first), (2, last)]) == {}
    posts = [on(0, 1, first), on(1, 2, last), on(2, 3, between)]
    found = links(posts, since=DAY, days=14)
    assert sorted(found) == [(3, 1), (3, 2)]
    assert originals([1, 2, 3], found) == {2: 1, 3: 1}
    assert originals([2, 3], found) == {3: 2}


def test_a_post_apart_repeats_nothing_and_nothing_repeats_it():
    posts = [on(0, 1), on(1, 2), on(2, 3)]
    assert links(posts, since=DAY, days=14, apart={2}) == [(3, 1)]
    assert links(posts, since=DAY, days=14, apart={1}) == [(3, 2)]


def test_nothing_gives_nothing():
    assert find([]) == {}


_WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]), min_size=3, max_size=14)


@given(st.lists(_WORDS.map(" ".join), max_size=12), st.randoms())
@settings(max_examples=50)
def test_the_order_of_posts_changes_nothing(texts, lots):
    posts = list(enumerate(texts))
    shuffled = posts.copy()
    lots.shuffle(shuffled)
    found = find(posts)
    assert find(shuffled) == found
    assert all(original < copy and original not in found for copy, original in found.items())
