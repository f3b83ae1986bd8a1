from __future__ import annotations

import random
from collections import Counter, defaultdict

import numpy as np
import pytest

from nlp.registry import ThemePost, ThemeWeek
from tests.nlp.weeks import PER_SUBJECT, SUBJECTS, Registry, week

ALWAYS = ["dark mode", "login code", "boss fight"]


def _main_theme(about: dict[int, str], places: dict[int, int]) -> dict[str, int]:
    """Return the theme that holds most posts of each subject."""
    held: dict[str, Counter[int]] = defaultdict(Counter)
    for post_id, subject in about.items():
        if post_id in places:
            held[subject][places[post_id]] += 1
    return {subject: counts.most_common(1)[0][0] for subject, counts in held.items()}


@pytest.fixture(scope="module")
def history() -> tuple[Registry, list[dict[str, int]], list[ThemeWeek]]:
    registry, mains, weeks = Registry(), [], []
    for number in (1, 2, 3):
        posts, about = week(number, ALWAYS if number < 3 else [*ALWAYS, "battery"])
        found = registry.run(posts)
        registry.remember(posts, found)
        mains.append(_main_theme(about, registry.themes_of_posts))
        weeks.append(found)
    return registry, mains, weeks


def test_each_subject_bears_a_theme_of_its_own(history):
    _, mains, weeks = history
    assert set(mains[0]) == set(ALWAYS)
    assert len(set(mains[0].values())) == len(ALWAYS)
    assert weeks[0].continuity is None


def test_ids_stay_from_week_to_week(history):
    _, mains, weeks = history
    for subject in ALWAYS:
        assert mains[0][subject] == mains[1][subject] == mains[2][subject]
    assert weeks[1].continuity > 0.8
    assert not weeks[1].born


def test_a_new_subject_is_born_as_a_new_theme(history):
    _, mains, weeks = history
    assert len(weeks[2].born) == 1
    assert mains[2]["battery"] not in mains[1].values()


def test_one_theme_holds_both_languages(history):
    registry, mains, _ = history
    posts, about = week(1, ALWAYS)
    for subject in ALWAYS:
        inside = {p.language for p in posts if registry.themes_of_posts.get(p.post_id) == mains[0][subject]}
        assert inside == {"en", "id"}
    assert set(about.values()) == set(ALWAYS)


def test_every_post_is_assigned_born_or_counted_as_unassigned(history):
    for found in history[2]:
        inside = set(found.assigned) | {post for born in found.born for post in born.post_ids}
        posts = PER_SUBJECT * (len(ALWAYS) + (found is history[2][2]))
        assert len(inside) + found.unassigned == posts


def test_running_a_week_again_gives_the_same(history):
    registry = history[0]
    posts, _ = week(4, list(SUBJECTS))
    first = registry.run(posts)
    shuffled = posts.copy()
    random.Random(1).shuffle(shuffled)  # noqa: S311
    second = registry.run(shuffled)
    assert first.assigned == second.assigned
    assert [born.posts for born in first.born] == [born.posts for born in second.born]
    assert {t: s.keywords for t, s in first.shapes.items()} == {t: s.keywords for t, s in second.shapes.items()}
    assert {t: s.exemplars for t, s in first.shapes.items()} == {t: s.exemplars for t, s in second.shapes.items()}


def test_a_persons_decision_overrules_the_clustering(history):
    registry, mains, _ = history
    posts, about = week(5, ALWAYS)
    post = next(p for p, subject in about.items() if subject == "dark mode")
    found = registry.run(posts, pinned={post: mains[0]["boss fight"]})
    assert found.assigned[post] == (mains[0]["boss fight"], 1.0)


def test_a_pin_to_a_theme_that_takes_no_posts_is_kept(history):
    posts, _ = week(5, ALWAYS)
    found = history[0].run(posts, pinned={posts[0].post_id: 999})
    assert found.assigned[posts[0].post_id] == (999, 1.0)
    assert 999 not in found.shapes


def test_shapes_say_what_a_theme_is_about(history):
    _, mains, weeks = history
    for found in weeks[1:]:
        words = " ".join(found.shapes[mains[0]["boss fight"]].keywords)
        assert "dragon" in words or "naga" in words
        for theme_id, shape in found.shapes.items():
            assert shape.size == sum(theme == theme_id for theme, _ in found.assigned.values())
            assert shape.exemplars
            assert all(found.assigned[post][0] == theme_id for post in shape.exemplars)
            assert np.isclose(np.linalg.norm(shape.centroid), 1, atol=1e-5)
            assert shape.similarity is not None
            assert shape.similarity > 0.5


def test_a_week_without_posts_is_empty():
    assert Registry().run([]) == ThemeWeek()


def test_one_post_founds_nothing():
    found = Registry().run([ThemePost(1, 1, "the search is slow today", "en")])
    assert found.born == []
    assert found.unassigned == 1


def test_one_person_founds_nothing_however_much_they_write():
    posts, _ = week(1, ["dark mode"])
    alone = [ThemePost(post.post_id, 7, post.text, post.language) for post in posts]
    assert Registry().run(alone).born == []


def test_those_who_repeat_a_text_nearly_are_counted_among_the_people():
    posts, _ = week(1, ["dark mode"])
    alone = [ThemePost(post.post_id, 7, post.text, post.language, frozenset({8, 9})) for post in posts]
    assert Registry().run(alone).born


def test_one_text_by_many_people_is_one_theme_or_none():
    posts = [ThemePost(number, number, "please bring back the old map", "en") for number in range(20)]
    found = Registry().run(posts)
    assert len(found.born) <= 1
    assert sum(len(born.posts) for born in found.born) + found.unassigned == 20


def test_greetings_and_emoji_found_nothing():
    said = ["halo", "👍", "thanks", "ok", "😂😂", "good morning", "mantap", "gg"]
    posts = [ThemePost(number, number, said[number % len(said)], "en") for number in range(40)]
    found = Registry().run(posts)
    assert found.born == []
    assert found.unassigned == 40
