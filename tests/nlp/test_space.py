from __future__ import annotations

import random
import statistics
import tracemalloc
from collections.abc import Callable

import numpy as np
from sklearn.metrics import adjusted_rand_score

from nlp import clusters, space, wording
from nlp.encoder import BUILT_IN
from nlp.space import ANY, default
from nlp.vectors import unit

SUBJECTS = 12


def fit(vectors: np.ndarray, languages: list[str], *, encoder: str = BUILT_IN) -> space.Space:
    """Fit a space on vectors whose texts have no words."""
    return space.fit(vectors, languages, [""] * len(vectors), encoder=encoder)


def project(fitted: space.Space, vectors: np.ndarray, languages: list[str]) -> np.ndarray:
    """Return the vectors of texts without words."""
    return fitted.project(vectors, languages, [""] * len(vectors))


def _clouds(*, seed: int = 1, each: int = 200) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return subjects in two languages, where language and a common direction hide the subject."""
    draw = np.random.default_rng(seed)
    subjects = draw.normal(size=(SUBJECTS, 384))
    corners = {"en": draw.normal(size=384) * 4, "id": draw.normal(size=384) * 4}
    rows, languages, about = [], [], []
    for number, subject in enumerate(subjects):
        for one in range(each):
            language = ("en", "id")[one % 2]
            rows.append(subject + corners[language] + draw.normal(size=384) * 0.5)
            languages.append(language)
            about.append(number)
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), languages, np.array(about)


def test_projected_vectors_have_length_one_and_no_component():
    vectors, languages, _ = _clouds()
    fitted = fit(vectors, languages)
    projected = project(fitted, vectors, languages)
    assert projected.dtype == np.float32
    assert np.allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-4)
    assert np.abs(projected @ fitted.component).max() < 1e-3


def test_the_subject_joins_what_the_language_parted():
    vectors, languages, about = _clouds()
    labels = clusters.cluster(project(fit(vectors, languages), vectors, languages), resolution=1.0, seed=3)
    assert {len(set(labels[about == subject])) for subject in range(SUBJECTS)} == {1}
    assert len(set(labels)) == SUBJECTS


def test_for_another_encoder_nothing_of_the_shipped_space_is_used():
    vectors, languages, about = _clouds()
    other = fit(vectors, languages, encoder="other-1")
    assert set(other.means) == {ANY, "en", "id"}
    assert np.allclose(other.means["en"], vectors[::2].mean(axis=0), atol=0.01)
    labels = clusters.cluster(project(other, vectors, languages), resolution=1.0, seed=3)
    assert {len(set(labels[about == subject])) for subject in range(SUBJECTS)} == {1}


def test_few_posts_of_another_encoder_keep_their_directions():
    vectors, languages, _ = _clouds(each=2)
    for count in (1, 2, 9):
        few = fit(vectors[:count], languages[:count], encoder="other-1")
        projected = project(few, vectors[:count], languages[:count])
        assert np.allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-4)
        assert not few.component.any()
    nothing = np.empty((0, 384), np.float32)
    assert not any(mean.any() for mean in fit(nothing, [], encoder="other-1").means.values())


def test_a_language_that_was_never_seen_is_projected_by_the_common_mean():
    vectors, languages, _ = _clouds()
    assert np.isfinite(project(fit(vectors, languages), vectors[:2], ["fr", "und"])).all()


def test_no_posts_give_the_shipped_space():
    nothing = np.empty((0, 384), np.float32)
    assert fit(nothing, []).version == default().version
    assert project(default(), nothing, []).shape == (0, 384)


def test_the_version_follows_the_content():
    vectors, languages, _ = _clouds()
    assert fit(vectors, languages).version == fit(vectors, languages).version
    assert fit(vectors, languages).version != fit(vectors[:30], languages[:30]).version


def test_zero_vectors_stay_finite():
    assert np.isfinite(project(default(), np.zeros((2, 384), np.float32), ["en", "id"])).all()


def test_equal_seeds_give_equal_groups_numbered_by_size():
    vectors, languages, _ = _clouds()
    projected = project(fit(vectors, languages), vectors, languages)
    first = clusters.cluster(projected, resolution=2.0, seed=5)
    assert np.array_equal(first, clusters.cluster(projected, resolution=2.0, seed=5))
    sizes = np.bincount(first)
    assert (np.diff(sizes) <= 0).all()


def test_two_seeds_agree_more_than_single_cuts_do():
    vectors, languages, _ = _clouds(each=40)
    noise = np.random.default_rng(2).normal(size=vectors.shape).astype(np.float32) * 0.2
    joined = clusters.graph(unit(project(fit(vectors, languages), vectors, languages) + noise))

    def agreement(find: Callable[[int], np.ndarray]) -> float:
        return statistics.mean(adjusted_rand_score(find(seed), find(seed + 1)) for seed in range(0, 20, 2))

    cuts = agreement(lambda seed: clusters._cut(joined, resolution=4.0, seed=seed))
    assert agreement(lambda seed: clusters.communities(joined, resolution=4.0, seed=seed)) > cuts + 0.1


def test_neighbours_are_the_nearest_others():
    vectors, languages, _ = _clouds(each=6)
    nearest, cosines = clusters.neighbours(vectors, k=3)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    assert np.allclose(np.sort(cosines, axis=1), np.sort(likeness, axis=1)[:, -3:], atol=1e-5)
    assert all(row not in near for row, near in enumerate(nearest))
    assert set(languages) == {"en", "id"}


def test_memory_grows_with_the_rows_and_not_with_their_square():
    peaks = []
    for count in (3_000, 12_000):
        vectors = np.random.default_rng(1).normal(size=(count, 16)).astype(np.float32)
        tracemalloc.start()
        clusters.neighbours(vectors)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_few_rows_are_enough():
    vectors, _, _ = _clouds(each=6)
    for count in (0, 1, 2):
        assert len(clusters.cluster(vectors[:count], resolution=2.0, seed=1)) == count


def _sentences(*, seed: int = 4, count: int = 400) -> tuple[list[str], list[str]]:
    """Return texts of made-up words, each of one of four subjects, in two languages that share only names of things."""
    draw = random.Random(seed)  # noqa: S311
    things = [[f"thing{subject}{part}" for part in "abcde"] for subject in range(4)]
    fill = {"en": ["the", "works", "today", "again", "badly"], "id": ["yang", "jalan", "hari", "lagi", "rusak"]}
    texts, languages = [], []
    for number in range(count):
        language = ("en", "id")[number % 2]
        words = draw.sample(things[number // 2 % 4], 3) + draw.sample(fill[language], 3)
        draw.shuffle(words)
        texts.append(" ".join(words))
        languages.append(language)
    return texts, languages


def test_words_part_what_means_nearly_the_same_and_no_languages():
    texts, languages = _sentences()
    vectors = np.random.default_rng(3).normal(size=(len(texts), 384)).astype(np.float32) * 0.05 + 1
    fitted = space.fit(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), languages, texts, encoder="other-1")
    assert fitted.words is not None
    words = fitted.words.project(texts, languages)
    subjects = np.arange(len(texts)) // 2 % 4
    likeness = words @ words.T
    same = subjects[:, None] == subjects
    other_language = np.array(languages)[:, None] != np.array(languages)
    assert likeness[same & other_language].mean() > likeness[~same].mean() + 0.3
    projected = fitted.project(vectors, languages, texts)
    assert projected.shape == (len(texts), fitted.dimensions)
    assert np.allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-4)


def test_axes_of_words_are_the_same_after_they_were_stored():
    texts, languages = _sentences()
    fitted = wording.fit(texts, languages)
    assert fitted is not None
    again = wording.stored(fitted.content())
    asked, told = [*texts[:5], "", "words of none"], [*languages[:5], "fr", "en"]
    assert np.array_equal(again.project(asked, told), fitted.project(asked, told))


def test_few_or_wordless_posts_have_no_axes_of_words():
    vectors, languages, _ = _clouds()
    assert fit(vectors, languages).words is None
    assert wording.fit(["only", "these", "texts"], ["en"] * 3) is None
