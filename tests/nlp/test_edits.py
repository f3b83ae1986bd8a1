"""The fold over people's edits: undoing one leaves what the others alone would have made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlp.edits import UNDONE, Edit, fold, standing

THEMES = st.integers(1, 4)
POSTS = st.dictionaries(st.integers(1, 6).map(str), st.none() | THEMES, min_size=1, max_size=3)


@st.composite
def histories(draw: st.DrawFn) -> list[Edit]:
    """Return edits of every kind but merges in a circle, which are refused where they are made."""
    found: list[Edit] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        kind = draw(st.sampled_from(["renamed", "assigned", "placed", "retired", "merged", "split"]))
        theme = draw(THEMES)
        detail = {
            "renamed": {"from": "before", "to": f"name {number}"},
            "assigned": {"posts": draw(POSTS)},
            "placed": {"area": f"area {number}"},
            "retired": {},
            "merged": {"into": theme + 1},
            "split": {"made": 10 + number, "name": f"part {number}", "posts": draw(POSTS)},
        }[kind]
        found.append(Edit(number, theme, kind, detail))
    return found


@given(histories(), st.data())
def test_an_undone_edit_counts_as_if_it_had_never_been(history, data):
    gone = data.draw(st.sets(st.sampled_from([edit.event_id for edit in history])))
    undone = [
        Edit(100 + number, history[number - 1].theme_id, UNDONE, {"event": number})
        for number in data.draw(st.permutations(sorted(gone)))
    ]
    kept = [edit for edit in history if edit.event_id not in gone]
    assert list(standing([*history, *undone])) == kept
    found, plain = fold([*history, *undone]), fold(kept)
    assert found.pinned == plain.pinned
    for theme_id, decided in plain.themes.items():
        seen = found.themes[theme_id]
        assert (seen.name, seen.area, seen.retired) == (decided.name, decided.area, decided.retired)
        assert seen.merged_into == decided.merged_into


@given(histories())
def test_every_post_goes_back_to_where_it_was_before_the_first_edit(history):
    undone = [Edit(100 + edit.event_id, edit.theme_id, UNDONE, {"event": edit.event_id}) for edit in history]
    first: dict[int, int | None] = {}
    for edit in history:
        for post, before in edit.posts.items():
            first.setdefault(post, before)
    assert fold([*history, *undone]).posts == first


def test_a_theme_whose_split_was_undone_lives_on_where_it_came_from():
    split = Edit(1, 7, "split", {"made": 9, "name": "Part", "posts": {"3": 7}})
    found = fold([split, Edit(2, 7, UNDONE, {"event": 1})])
    assert (found.root(9), found.posts, found.pinned) == (7, {3: 7}, {})


def test_the_name_by_machine_is_the_one_before_people_last_named_it():
    def renamed(number, before, after):
        return Edit(number, 1, "renamed", {"from": before, "to": after})

    undone = Edit(4, 1, UNDONE, {"event": 2})
    assert fold([renamed(1, "a", "x"), renamed(2, "x", "y"), undone]).themes[1].machine_name == "a"
    # Between the two a run has named it anew.
    apart = fold([renamed(2, "a", "x"), undone, renamed(5, "b", "y"), Edit(6, 1, UNDONE, {"event": 5})])
    assert (apart.themes[1].name, apart.themes[1].machine_name) == (None, "b")


def test_merges_lead_to_the_last_theme():
    found = fold([Edit(1, 1, "merged", {"into": 2}), Edit(2, 2, "merged", {"into": 3})])
    assert (found.root(1), found.themes[1].merged_into) == (3, 3)
