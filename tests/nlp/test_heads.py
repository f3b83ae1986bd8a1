from __future__ import annotations

import numpy as np
import pytest

from nlp import heads, space
from nlp.encoder import BUILT_IN
from nlp.features import BUCKETS, hashed
from tests.nlp.weeks import encoder


def _judge(text: str, language: str = "en", rating: int | None = None) -> heads.Verdict:
    return heads.judge([text], [language], encoder().encode([text]), [rating], encoder=BUILT_IN)[0]


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("The app crashes every time I rotate the screen", "en", "bug"),
        ("Could you please add an export to PDF?", "en", "request"),
        ("How do I change my password?", "en", "question"),
        ("Worst update ever, far too many ads", "en", "complaint"),
        ("Great work, I love the new design", "en", "praise"),
        ("Aplikasinya selalu keluar sendiri pas dibuka", "id", "bug"),
        ("Tolong tambahkan fitur mode gelap", "id", "request"),
        ("Gimana cara ganti kata sandi?", "id", "question"),
        ("Keren banget, sangat membantu", "id", "praise"),
    ],
)
def test_plain_feedback_is_told_apart_in_both_languages(text, language, kind):
    assert _judge(text, language).feedback_type == kind


@pytest.mark.parametrize(
    ("text", "language", "sentiment"),
    [
        ("I am very disappointed, nothing works", "en", "negative"),
        ("What a wonderful release, thank you", "en", "positive"),
        ("Kecewa berat, makin lama makin lemot", "id", "negative"),
        ("Bagus sekali, terima kasih", "id", "positive"),
    ],
)
def test_plain_feelings_are_told_apart_in_both_languages(text, language, sentiment):
    assert _judge(text, language).sentiment == sentiment


def test_stars_tip_the_balance():
    assert _judge("this app", rating=1).sentiment == "negative"
    assert _judge("this app", rating=5).sentiment == "positive"


def test_abuse_and_spam_stand_out():
    assert _judge("shut up you stupid idiot").abuse > 0.8 > _judge("the parser fails on empty files").abuse
    advert = _judge("slot gacor hari ini, daftar sekarang, bonus deposit 100%", "id")
    assert advert.spam > heads.SPAM > _judge("saldo saya belum masuk setelah top up", "id").spam


def test_other_languages_get_no_verdict():
    assert _judge("Das Programm startet nicht mehr", "de") == heads.Verdict()
    assert _judge("", "en") == heads.Verdict()


def test_vectors_of_another_encoder_get_no_verdict():
    assert heads.made_with() == BUILT_IN
    text = "Great work, I love the new design"
    assert heads.judge([text], ["en"], encoder().encode([text]), [5], encoder="other-1") == [heads.Verdict()]


def test_weights_of_several_encoders_are_for_none(monkeypatch):
    monkeypatch.setattr(space, "made_with", lambda: "other-1")
    assert heads.made_with() is None
    assert _judge("Great work, I love the new design") == heads.Verdict()


@pytest.mark.parametrize("name", heads.NAMES)
def test_probabilities_are_probabilities(name):
    texts = ["", "a", "the search is slow", "👍👍👍"]
    head = heads.load(name)
    said = head.probabilities(heads.parts(texts), heads.centre(encoder().encode(texts), ["en"] * len(texts)))
    assert said.shape == (len(texts), len(head.classes))
    assert np.allclose(said.sum(axis=1), 1, atol=1e-4)
    assert (said >= 0).all()


def test_how_a_text_begins_counts_like_the_whole():
    short, long = "the search is slow", "the search is slow " + 40 * "and so on "
    assert np.allclose((heads.parts([short]) - hashed([short])).data, 0)
    beginning, whole = hashed([long[:120]]), hashed([long])
    assert np.allclose((heads.parts([long]) - (beginning + whole) / 2).data, 0)
    both = [long, short, "", long]
    assert (heads.parts(both) != (hashed(both) + hashed([text[:120] for text in both])) / 2).nnz == 0


def test_hashed_rows_have_length_one_and_ignore_case_and_stretching():
    rows = hashed(["Baguuuus sekali", "baguus SEKALI", ""])
    assert rows.shape == (3, BUCKETS)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    assert np.allclose(lengths, [1, 1, 0], atol=1e-5)
    assert (rows[[0]] != rows[[1]]).nnz == 0
