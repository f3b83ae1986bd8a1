"""Quotes: verbatim, fit to print, by different people, with another voice beside them."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.evidence import LONGEST, Candidate, choose, is_verbatim
from tests.reports import frozen

PLAIN = "The stock count is wrong after every closing."


def candidate(post_id: int, masked: str = PLAIN, **known: Any) -> Candidate:
    row = {
        "version": 3,
        "theme_id": 1,
        "theme_confidence": 0.9,
        "sentiment": "negative",
        "toxicity": 0.0,
        "language": "en",
        "person_id": post_id,
        "source": "forum",
        "url": None,
        "created_on": date(2026, 11, 17),
    }
    return Candidate(post_id=post_id, masked=masked, **(row | known))


def test_a_quote_is_whole_sentences_word_for_word():
    masked = f"{'We moved shops last year and it all went fine. ' * 6}{PLAIN} Sunday too!"
    (quote,) = choose([candidate(1, masked)], keywords={1: ["stock count"]})
    assert PLAIN in quote.text
    assert len(quote.text) <= LONGEST
    assert quote.text.endswith((".", "!"))
    assert is_verbatim(quote, masked)
    assert quote.version == 3


def test_a_quote_that_was_changed_is_found_out():
    (quote,) = choose([candidate(1)])
    assert is_verbatim(quote, PLAIN)
    assert not is_verbatim(quote, PLAIN.replace("wrong", "right"))
    assert not is_verbatim(quote, "Oh. " + PLAIN)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab .!?\n[]é🙂", min_size=0, max_size=300), max_size=6))
def test_whatever_was_written_a_quote_is_verbatim(texts):
    posts = dict(enumerate(texts))
    for quote in choose([candidate(number, text) for number, text in posts.items()]):
        assert is_verbatim(quote, posts[quote.post_id])
        assert len(quote.text) <= LONGEST
        assert quote.text == quote.text.strip()


@pytest.mark.parametrize(
    "masked",
    [
        "Too short.",
        "Mail [email] or [phone] or [email] now.",
        "You idiots broke the stock count again.",
        "Aplikasi goblok, stok salah terus tiap malam.",
        "word " * 80,
        "??? ?? ???? ??? !!! ... 12 345 6789 :-)",
    ],
)
def test_unfit_words_are_not_printed(masked):
    assert choose([candidate(1, masked)]) == []


def test_a_toxic_post_is_not_quoted_even_when_its_words_look_harmless():
    assert choose([candidate(1, toxicity=0.8)]) == []
    assert len(choose([candidate(1, toxicity=None)])) == 1


def test_who_opted_out_and_who_repeats_is_not_quoted():
    assert choose([candidate(1, may_quote=False), candidate(2, is_duplicate=True)]) == []


def test_both_languages_speak_where_both_are_there():
    posts = [candidate(n) for n in range(1, 6)]
    posts += [candidate(n, "Stok selalu salah setelah tutup toko.", language="id") for n in range(6, 9)]
    assert [quote.language for quote in choose(posts) if quote.stance == "quote"] == ["en", "id"]


def test_a_language_that_hardly_occurs_does_not_speak_for_the_theme():
    posts = [candidate(n) for n in range(1, 20)]
    posts.append(candidate(50, "Stok selalu salah setelah tutup toko.", language="id"))
    assert {quote.language for quote in choose(posts)} == {"en"}


def test_the_other_voice_has_another_sentiment():
    posts = [
        candidate(1),
        candidate(2),
        candidate(3, "It counts right in our two shops, no trouble.", sentiment="positive"),
    ]
    quotes = {quote.stance: quote for quote in choose(posts)}
    assert quotes["quote"].sentiment == "negative"
    assert (quotes["counter"].post_id, quotes["counter"].sentiment) == (3, "positive")


def test_one_opinion_has_no_counter_quote():
    assert [quote.stance for quote in choose([candidate(1), candidate(2)])] == ["quote"]


def test_a_copy_with_other_nouns_is_no_other_voice():
    ours = candidate(1, "Gerobak belakang sekolah ada gado-gado sampai tengah malam")
    copy = "Gerobak belakang sekolah ada nasi goreng sampai tengah malam"
    other = "Kemarin malam sudah tutup, saya pulang lapar."
    posts = [ours, candidate(2, copy, sentiment="positive"), candidate(3, other, sentiment="neutral")]
    assert [quote.post_id for quote in choose(posts[:2], keywords={1: ["gado"]})] == [1]
    assert [quote.post_id for quote in choose(posts, keywords={1: ["gado"]})] == [1, 3]


def test_two_quotes_are_not_the_same_sentence():
    posts = [candidate(1), candidate(2, PLAIN.replace("closing", "tutup toko"), language="id")]
    assert len(choose(posts)) == 1


def test_the_same_person_is_quoted_once_in_a_theme():
    posts = [
        candidate(1, person_id=7),
        candidate(2, "Stok selalu salah setelah tutup toko.", person_id=7, language="id"),
        candidate(3, "It counts right in our two shops, no trouble.", person_id=7, sentiment="positive"),
    ]
    assert len(choose(posts)) == 1


def test_another_person_is_preferred_for_another_theme():
    posts = [
        candidate(1, person_id=7),
        candidate(2, theme_id=2, person_id=7),
        candidate(3, theme_id=2, theme_confidence=0.2),
    ]
    assert [quote.post_id for quote in choose(posts)] == [1, 3]


def test_the_choice_does_not_depend_on_the_order():
    posts = frozen.candidates(frozen.make())
    shuffled = posts[:]
    random.Random(1).shuffle(shuffled)  # noqa: S311 - not a secret
    assert choose(posts) == choose(shuffled)


def test_every_theme_of_the_made_up_community_has_a_voice_and_five_have_another():
    rows = frozen.make()
    quotes = choose(frozen.candidates(rows), keywords=frozen.KEYWORDS)
    assert {quote.theme_id for quote in quotes if quote.stance == "quote"} == {1, 2, 3, 4, 5, 6}
    assert {quote.theme_id for quote in quotes if quote.stance == "counter"} == {1, 2, 3, 4, 5}
    assert all(is_verbatim(quote, rows.masked[quote.post_id]) for quote in quotes)
    assert len({quote.id for quote in quotes}) == len(quotes)
