from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.duplicates import find

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


def test_earlier_posts_are_repeated_but_not_judged():
    assert find([(9, _LONG)], earlier=[(4, _LONG), (2, _LONG)]) == {9: 2}


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
