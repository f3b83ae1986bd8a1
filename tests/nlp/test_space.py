from __future__ import annotations

from functools import partial

import numpy as np

from nlp import clusters, space
from nlp.encoder import BUILT_IN
from nlp.space import ANY, default

SUBJECTS = 12
fit = partial(space.fit, encoder=BUILT_IN)


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
    projected = fitted.project(vectors, languages)
    assert projected.dtype == np.float32
    assert np.allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-4)
    assert np.abs(projected @ fitted.component).max() < 1e-3


def test_the_subject_joins_what_the_language_parted():
    vectors, languages, about = _clouds()
    labels = clusters.cluster(fit(vectors, languages).project(vectors, languages), resolution=1.0, seed=3)
    assert {len(set(labels[about == subject])) for subject in range(SUBJECTS)} == {1}
    assert len(set(labels)) == SUBJECTS


def test_for_another_encoder_nothing_of_the_shipped_space_is_used():
    vectors, languages, about = _clouds()
    other = space.fit(vectors, languages, encoder="other-1")
    assert set(other.means) == {ANY, "en", "id"}
    assert np.allclose(other.means["en"], vectors[::2].mean(axis=0), atol=0.01)
    labels = clusters.cluster(other.project(vectors, languages), resolution=1.0, seed=3)
    assert {len(set(labels[about == subject])) for subject in range(SUBJECTS)} == {1}


def test_few_posts_of_another_encoder_keep_their_directions():
    vectors, languages, _ = _clouds(each=2)
    for count in (1, 2, 9):
        few = space.fit(vectors[:count], languages[:count], encoder="other-1")
        projected = few.project(vectors[:count], languages[:count])
        assert np.allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-4)
        assert not few.component.any()
    nothing = np.empty((0, 384), np.float32)
    assert not any(mean.any() for mean in space.fit(nothing, [], encoder="other-1").means.values())


def test_a_language_that_was_never_seen_is_projected_by_the_common_mean():
    vectors, languages, _ = _clouds()
    assert np.isfinite(fit(vectors, languages).project(vectors[:2], ["fr", "und"])).all()


def test_no_posts_give_the_shipped_space():
    nothing = np.empty((0, 384), np.float32)
    assert fit(nothing, []).version == default().version
    assert default().project(nothing, []).shape == (0, 384)


def test_the_version_follows_the_content():
    vectors, languages, _ = _clouds()
    assert fit(vectors, languages).version == fit(vectors, languages).version
    assert fit(vectors, languages).version != fit(vectors[:30], languages[:30]).version


def test_zero_vectors_stay_finite():
    assert np.isfinite(default().project(np.zeros((2, 384), np.float32), ["en", "id"])).all()


def test_equal_seeds_give_equal_groups_numbered_by_size():
    vectors, languages, _ = _clouds()
    projected = fit(vectors, languages).project(vectors, languages)
    first = clusters.cluster(projected, resolution=2.0, seed=5)
    assert np.array_equal(first, clusters.cluster(projected, resolution=2.0, seed=5))
    sizes = np.bincount(first)
    assert (np.diff(sizes) <= 0).all()


def test_neighbours_are_the_nearest_others():
    vectors, languages, _ = _clouds(each=6)
    nearest, cosines = clusters.neighbours(vectors, k=3)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    assert np.allclose(np.sort(cosines, axis=1), np.sort(likeness, axis=1)[:, -3:], atol=1e-5)
    assert all(row not in near for row, near in enumerate(nearest))
    assert set(languages) == {"en", "id"}


def test_few_rows_are_enough():
    vectors, _, _ = _clouds(each=6)
    for count in (0, 1, 2):
        assert len(clusters.cluster(vectors[:count], resolution=2.0, seed=1)) == count
