from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.names import NAMELESS, likeness, name
from nlp.phrases import Chosen, choose, documents, ngrams
from nlp.words import STOP, WEAK, count_words, runs


def _runs(text: str, language: str = "en") -> list[list[str]]:
    return next(iter(runs([text], language=language)))


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("the card is not the card", "en", [["card"], ["not", "card"]]),
        ("I can't log in to the web shop", "en", [["can't", "log in"], ["web", "shop"]]),
        ("my top-up failed", "en", [["top up", "failed"]]),
        ("e-mail and Wi-Fi", "en", [["e-mail"], ["wi-fi"]]),
        ("aplikasinya gak bisa di buka", "id", [["aplikasi"], ["tidak bisa", "buka"]]),
        ("verifikasi wajah gagaaaal terus", "id", [["verifikasi", "wajah", "gagal"]]),
        ("ga bisa masuk2, mantapp", "id", [["tidak bisa", "masuk-masuk"]]),
        ("banyak2 bolak\u00b2 ke kantor", "id", [["bolak-bolak"], ["kantor"]]),
        ("the pass2 of python2", "en", [["pass2"], ["python2"]]),
        ("[email] wrote [link]", "en", [["wrote"]]),
        ("dasar goblok, peta kosong", "id", [["dasar"], ["peta", "kosong"]]),
        ("so f(x and docs#lean and lib::call won't load", "en", [["won't", "load"]]),
        ("kaga masuk", "id", [["tidak", "masuk"]]),
        ("", "en", []),
    ],
)
def test_runs_hold_the_words_that_carry_a_subject(text, language, found):
    assert _runs(text, language) == found


# Negations that open a phrase, and particles of verbs such as "log in".
_ALLOWED = {"not", "tidak", "bisa", "belum", "in", "out", "up", "off", "on", "down", "back"}


@given(st.lists(st.text(max_size=80), max_size=4), st.sampled_from(["en", "id", "de"]))
def test_phrases_never_hold_a_stop_word(texts, language):
    for document in documents(texts, [language] * len(texts)):
        for phrase in ngrams(document):
            assert not {word for word in phrase.split() if word in STOP} - _ALLOWED


def test_phrases_cross_neither_posts_nor_stop_words():
    posts = documents(["refund", "refund the card"], ["en", "en"])
    found = ngrams(" ".join(posts))
    assert found.count("refund") == 2
    assert "refund refund" not in found
    assert "refund card" not in found


def test_a_phrase_counts_once_a_post():
    assert ngrams(documents(["map map, map! the map"], ["en"])[0]) == ["map"]


def test_words_are_counted():
    assert count_words("Halo, it's e-mail 👍 5G!") == 4
    assert count_words("...") == 0


def _chosen(texts: list[str], languages: list[str], asked: str | None = None) -> tuple[str, ...]:
    posts = documents(texts, languages)
    candidates = [[(phrase, 1.0) for phrase in sorted({p for post in posts for p in ngrams(post)})]]
    vectors = np.eye(len(texts), 384, dtype=np.float32)
    groups = [np.arange(len(texts))]
    return choose(candidates, groups, posts, languages=languages, vectors=vectors, most=3, asked=asked)[0].phrases


def test_a_longer_phrase_speaks_for_its_words():
    chosen = _chosen(["the dragon boss", "dragon boss again", "beat the dragon boss"], ["en"] * 3)
    assert chosen[0] == "dragon boss"
    assert "dragon" not in chosen


def test_the_larger_language_comes_first():
    chosen = _chosen(
        ["mode gelap dong", "mode gelap", "minta mode gelap", "dark mode", "dark mode"], ["id"] * 3 + ["en"] * 2
    )
    assert chosen[0] == "mode gelap"


@pytest.mark.parametrize(("others", "first"), [(6, "dark mode"), (9, "mode gelap")])
def test_the_language_that_is_asked_for_names_a_group_that_has_enough_posts_in_it(others, first):
    texts, languages = ["mode gelap"] * others + ["dark mode"] * 2, ["id"] * others + ["en"] * 2
    assert _chosen(texts, languages, asked="en")[0] == first


def _of_first(texts: list[str], number: int, candidates: list[str]) -> Chosen:
    """Return what tells of a group of the first `number` texts, which lie together and apart from the others."""
    posts, languages = documents(texts, ["en"] * len(texts)), ["en"] * len(texts)
    vectors = np.array([[1.0, 0.0]] * number + [[0.0, 1.0]] * (len(texts) - number), dtype=np.float32)
    scored = [[(phrase, 1.0) for phrase in candidates]]
    return choose(scored, [np.arange(number)], posts, languages=languages, vectors=vectors, most=3)[0]


def test_a_weak_word_is_a_subject_where_a_group_is_about_it_and_others_are_not():
    after = ["the update broke sound", "another update, no sound", "update again", "which update?"]
    others = [f"the map of {place}" for place in ("north", "south", "east", "west")] * 4
    assert "update" in WEAK
    assert "update" in _of_first([*after, *others], 4, ["update", "sound"]).phrases
    assert _of_first([*after, *("update of maps", *others[:7])], 4, ["update", "sound"]).phrases == ("sound",)


def test_weak_words_make_no_subject_of_talk():
    said = ["agree, thanks"] * 10 + ["so what"] * 90
    assert "agree" in WEAK
    assert _of_first([*said, *["so what"] * 100], 100, ["agree"]) == Chosen((), is_subject=False)


def test_what_hardly_any_post_says_comes_after_what_many_say():
    said = ["the tactic"] * 200 + ["single proof"] * 2 + ["so what"] * 198
    assert _of_first([*said, *["so what"] * 400], 400, ["tactic", "single proof"]).phrases[0] == "tactic"
    assert _of_first(said[198:], 20, ["tactic", "single proof"]).phrases[0] == "single proof"


@pytest.mark.parametrize(
    ("holding", "group", "outside", "is_subject"),
    [(2, 20, 0, True), (3, 20, 4, True), (3, 20, 6, False), (6, 100, 0, False), (7, 100, 0, True)],
)
def test_a_group_is_about_something_when_a_phrase_tells_it_from_the_others(holding, group, outside, is_subject):
    said = ["fried rice"] * holding + ["so what"] * (group - holding) + ["fried rice"] * outside
    said += ["so what"] * (group + 100 - len(said))
    assert _of_first(said, group, ["fried rice"]) == Chosen(("fried rice",), is_subject)


@pytest.mark.parametrize(
    ("keywords", "readable"),
    [
        (["verification code", "otp"], "Verification Code, OTP"),
        (["payment", "payments", "card"], "Payment, Card"),
        (["top up", "top-up limit"], "Top Up"),
        (["tidak bisa login", "kode otp"], "Tidak Bisa Login, Kode OTP"),
        (["atms accept", "css"], "ATMs Accept, CSS"),
        (["a phrase that is rather long", "another phrase that is rather long"], "A Phrase That Is Rather Long"),
        ([], NAMELESS),
    ],
)
def test_names_are_readable(keywords, readable):
    assert name(keywords) == readable


def test_a_group_is_named_by_what_others_say_more_where_it_has_nothing_else():
    posts = documents(["card stuck"] * 14, ["en"] * 14)
    vectors = np.array([[1.0, 0.0]] * 4 + [[-1.0, 0.0]] * 10, dtype=np.float32)
    found = choose([[("card stuck", 1.0)]], [np.arange(4)], posts, languages=["en"] * 14, vectors=vectors, most=3)
    assert found == [Chosen(("card stuck",), is_subject=False)]


@pytest.mark.parametrize(
    ("before", "now", "alike"),
    [
        (["login code", "otp"], ["codes", "log in", "otp"], 2 / 4),
        (["payment", "kartu"], ["payments of cards", "kartu [link]"], 2 / 3),
        (["dark mode"], ["dark mode", "the app", "not"], 1),
        (["dark mode"], ["login code"], 0),
        ([f"{letter * 5}x" for letter in "abcdefghij"], [f"{letter * 5}x" for letter in "abcdefghijklm"], 1),
        ([], [], 0),
    ],
)
def test_words_of_two_weeks_are_compared_by_their_stems(before, now, alike):
    assert likeness(before, now) == pytest.approx(alike)
    assert likeness(now, before) == pytest.approx(alike)
