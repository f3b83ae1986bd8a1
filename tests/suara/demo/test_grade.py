"""The grade: full marks for the truth itself, none for an empty warehouse, and each error counted where it belongs."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import msgspec
import pytest
from rich.console import Console
from sqlalchemy import insert

from suara.demo.findings import Finding, Findings, Theme, read_findings
from suara.demo.grade import Grade, by_key, compare, grade, to_json
from suara.demo.table import show
from suara.demo.truth import PostTruth, Truth
from tests.suara.demo.made import made
from warehouse.engine import connect
from warehouse.tables import core, themes
from warehouse.tables.mart import fct_post

EMPTY = Findings(
    posts={}, themes={}, people={}, answered={}, accepted=0, rejected=0, reactions=0, decisions=0
)  # fmt: skip


@pytest.fixture(scope="module")
def truth() -> Truth:
    return made(1).truth


@pytest.fixture(scope="module")
def perfect(truth: Truth) -> Findings:
    """Findings that agree with the truth in everything."""
    ids = {theme.theme: number for number, theme in enumerate(truth.themes, 1)}
    monday = truth.first.toordinal()
    born = {theme.theme: next(w for w, posts in enumerate(theme.weekly) if posts >= 5) for theme in truth.themes}
    people: dict[int, set[tuple[str, str]]] = defaultdict(set)
    firsts: dict[str, int] = {}
    posts = {}
    for key, post in enumerate(truth.posts):
        if post.is_counted and post.status == "live":
            people[monday + 7 * post.week].add((post.source, post.account))
        original = firsts.setdefault(post.group, key) if post.group and post.status == "live" else key
        posts[post.source, post.post_id] = _found(post, key, original, ids)
    return Findings(
        posts=posts,
        themes={number: Theme(name=theme, born=monday + 7 * born[theme]) for theme, number in ids.items()},
        people=people,
        answered={(thread.source, thread.thread_id): thread.answered for thread in truth.threads},
        accepted=truth.events - 2,
        rejected=2,
        reactions=truth.reactions,
        decisions=truth.decisions,
    )


def _found(post: PostTruth, key: int, original: int, ids: dict[str, int]) -> Finding:
    return Finding(
        key=key,
        version=post.version,
        status=post.status,
        language=post.language,
        sentiment=post.sentiment,
        feedback_type=post.feedback_type,
        is_spam=post.spam,
        duplicate_of=None if original == key else original,
        masked="call me on [phone]" if post.pii else "nothing to see",
        theme=ids.get(post.theme or ""),
    )


def _changed(found: Findings, *posts: PostTruth, **changes: Any) -> Findings:
    """Return the findings with these posts found otherwise."""
    other = dict(found.posts)
    for post in posts:
        key = (post.source, post.post_id)
        other[key] = msgspec.structs.replace(other[key], **changes)
    return msgspec.structs.replace(found, posts=other)


def _lost(before: Grade, after: Grade) -> dict[str, int]:
    """Return by how much each line is worse."""
    lines = by_key(after)
    return {line.key: line.n - lines[line.key].n for line in before.lines if line.n != lines[line.key].n}


def _some(truth: Truth, **wanted: object) -> PostTruth:
    return next(
        post
        for post in truth.posts
        if post.is_counted and post.status == "live" and all(getattr(post, name) == is_ for name, is_ in wanted.items())
    )


def test_the_truth_itself_gets_full_marks(truth: Truth, perfect: Findings) -> None:
    graded = compare(truth, perfect)
    for line in graded.lines:
        assert (line.key, line.n) == (line.key, line.total)
        assert line.total > 0
    assert all(theme.is_found_in_both for theme in graded.themes)


def test_an_empty_warehouse_gets_none(truth: Truth) -> None:
    assert {line.n for line in compare(truth, EMPTY).lines} == {0}


@pytest.mark.parametrize(
    ("wanted", "changes", "lost"),
    [
        ({"version": 1}, {"version": 0}, {"posts": 1}),
        ({"version": 0}, {"status": "deleted"}, {"posts": 1}),
        ({"language": "id", "mixed": False}, {"language": "en"}, {"language": 1}),
        ({"language": "id", "mixed": True}, {"language": "en"}, {"language_mixed": 1}),
        ({"language": "de"}, {"language": "en"}, {"language": 1}),
        ({"language": "de"}, {"language": "other"}, {}),
        ({"sentiment": "negative"}, {"sentiment": "positive"}, {"sentiment": 1}),
        ({"sentiment": "negative"}, {"sentiment": None}, {"sentiment": 1}),
        ({"sentiment": None}, {"sentiment": "positive"}, {}),
        ({"feedback_type": "bug"}, {"feedback_type": "request"}, {"type": 1}),
        ({"spam": False}, {"is_spam": True}, {}),
    ],
)
def test_an_error_costs_where_it_belongs(
    truth: Truth, perfect: Findings, wanted: dict[str, object], changes: dict[str, object], lost: dict[str, int]
) -> None:
    found = _changed(perfect, _some(truth, **wanted), **changes)
    assert _lost(compare(truth, perfect), compare(truth, found)) == lost


def test_abstaining_is_said_and_counts_for_nothing(truth: Truth, perfect: Findings) -> None:
    post = _some(truth, sentiment="negative")
    before = by_key(compare(truth, perfect))["sentiment"]
    after = by_key(compare(truth, _changed(perfect, post, sentiment=None)))["sentiment"]
    assert (after.n, after.total) == (before.n - 1, before.total - 1)
    assert after.note == "1 left open"


def test_false_alarms_cost_precision(truth: Truth, perfect: Findings) -> None:
    post, other = _some(truth, group=None), _some(truth, language="en", group=None, theme="support")
    found = _changed(perfect, post, is_spam=True)
    found = _changed(found, other, duplicate_of=found.posts[post.source, post.post_id].key)
    lines, full = by_key(compare(truth, found)), by_key(compare(truth, perfect))
    for key in ("spam_precision", "duplicates_precision"):
        assert lines[key].n == full[key].n
        assert lines[key].total == full[key].total + 1


def test_a_number_that_still_can_be_read_is_not_masked(truth: Truth, perfect: Findings) -> None:
    post = next(post for post in truth.posts if post.pii and post.status == "live" and post.is_counted)
    spaced = " ".join(post.pii[0].upper())
    assert _lost(compare(truth, perfect), compare(truth, _changed(perfect, post, masked=spaced))) == {"pii": 1}
    unread = _changed(perfect, post, masked=None)
    assert _lost(compare(truth, perfect), compare(truth, unread)) == {"pii": 1}


def test_a_theme_is_found_when_half_of_it_is_in_one_place(truth: Truth, perfect: Findings) -> None:
    mine = [post for post in truth.posts if post.theme == "support" and post.is_counted and post.status == "live"]
    half = len(mine) // 2
    most = _changed(perfect, *mine[: half + 1], theme=None)
    fewer = _changed(perfect, *mine[: half - 1], theme=None)
    assert _lost(compare(truth, perfect), compare(truth, most))["themes"] == 1
    assert "themes" not in _lost(compare(truth, perfect), compare(truth, fewer))


def test_a_theme_that_swallows_others_is_not_found(truth: Truth, perfect: Findings) -> None:
    ids = {theme.theme: number for number, theme in enumerate(truth.themes, 1)}
    others = [post for post in truth.posts if post.theme in ("sync", "slow") and post.is_counted]
    graded = compare(truth, _changed(perfect, *others, theme=ids["support"]))
    assert {theme.theme for theme in graded.themes if not theme.is_found} == {"sync", "slow", "support"}


def test_a_theme_in_one_language_is_not_found_in_both(truth: Truth, perfect: Findings) -> None:
    mine = [post for post in truth.posts if post.theme == "support" and post.language == "id"]
    graded = compare(truth, _changed(perfect, *mine[: int(len(mine) * 0.6)], theme=None))
    support = next(theme for theme in graded.themes if theme.theme == "support")
    assert support.is_found
    assert not support.is_found_in_both


def test_an_id_that_changes_each_week_is_not_kept(truth: Truth, perfect: Findings) -> None:
    found = perfect
    for week in range(truth.weeks):
        mine = [post for post in truth.posts if post.theme == "support" and post.week == week]
        found = _changed(found, *mine, theme=1000 + week)
    known = {**found.themes, **{1000 + week: Theme(name="?", born=0) for week in range(truth.weeks)}}
    lost = _lost(compare(truth, perfect), compare(truth, msgspec.structs.replace(found, themes=known)))
    assert lost == {"themes": 1, "themes_both": 1, "themes_kept": truth.weeks - 1}


def test_a_new_theme_noticed_late_is_noticed_late(truth: Truth, perfect: Findings) -> None:
    late = {number: msgspec.structs.replace(theme, born=theme.born + 7) for number, theme in perfect.themes.items()}
    lost = _lost(compare(truth, perfect), compare(truth, msgspec.structs.replace(perfect, themes=late)))
    assert lost == {"themes_born": 2}


def test_people_are_compared_one_by_one(truth: Truth, perfect: Findings) -> None:
    week, present = next(iter(perfect.people.items()))
    swapped = {**perfect.people, week: (present - {next(iter(sorted(present)))}) | {("chat", "nobody")}}
    line = by_key(compare(truth, msgspec.structs.replace(perfect, people=swapped)))["people"]
    full = by_key(compare(truth, perfect))["people"]
    assert (line.n, line.total) == (full.n - 1, full.total + 1)


def test_the_json_and_the_table_say_the_same(truth: Truth, perfect: Findings) -> None:
    graded = compare(truth, perfect)
    read = json.loads(to_json(graded))
    assert {line["key"]: (line["n"], line["total"]) for line in read["lines"]} == {
        line.key: (line.n, line.total) for line in graded.lines
    }
    for width in (80, 110):
        page = StringIO()
        show(graded, Console(width=width, file=page))
        printed = page.getvalue()
        assert all(line.label in printed for line in graded.lines)
        assert all(f"{line.n:,}" in printed and f"{line.total:,}" in printed for line in graded.lines)
        assert all(f"{theme.held}/{theme.posts}" in printed for theme in graded.themes)
        assert max(len(line) for line in printed.splitlines()) <= width


def test_the_warehouse_is_read_by_the_ids_of_the_sources(warehouse_url: str) -> None:
    monday = datetime(2026, 9, 21, 3, tzinfo=UTC)
    _fill(warehouse_url, monday)
    found = read_findings(warehouse_url)
    assert found.posts["forum", "p1"] == Finding(
        key=1, version=2, status="live", language="id", sentiment="negative", feedback_type=None, is_spam=False,
        duplicate_of=None, masked="kode [phone]", theme=1,
    )  # fmt: skip
    assert found.posts["forum", "p2"].masked is None
    assert found.posts["forum", "p3"].theme == 1  # its own theme was merged into another
    assert found.themes[1] == Theme(name="Codes", born=monday.toordinal())
    assert found.people == {monday.toordinal(): {("forum", "u1")}}
    assert (found.accepted, found.rejected, found.reactions, found.decisions) == (0, 0, 0, 0)


def test_an_empty_warehouse_can_be_graded(truth: Truth, warehouse_url: str) -> None:
    assert grade(truth, warehouse_url) == compare(truth, EMPTY)


def _fill(url: str, monday: datetime) -> None:
    day = monday.date()
    post = {"source_id": 1, "thread_id": 1, "member_id": 1, "body": "x", "last_event_id": "e", "created_at": monday}
    note = {"post_version": 2, "steps": "s", "language": "id", "language_confidence": 1.0, "words": 2, "is_spam": False}
    sha = {"text_sha256": hashlib.sha256(b"x").digest(), "encoded": "x"}
    mention = {"week": day, "confidence": 1.0, "method": "known"}
    fact = {
        "created_date": day, "week": day, "created_at": monday, "version": 2, "source_id": 1, "thread_id": 1,
        "member_id": 1, "person_id": 1, "role": "member", "is_thread_start": True, "is_spam": False,
        "is_duplicate": False, "language": "id", "words": 2, "reactions": 0, "masked": "x",
    }  # fmt: skip
    engine = connect(url, role="owner")
    with engine.begin() as connection:
        connection.execute(insert(core.source), [{"source_id": 1, "name": "forum", "kind": "forum"}])
        connection.execute(insert(core.member), [{"member_id": 1, "source_id": 1, "external_id": "u1"}])
        connection.execute(insert(core.thread), [{"thread_id": 1, "source_id": 1, "external_id": "t1"}])
        connection.execute(
            insert(core.post),
            [{"post_id": n, "external_id": f"p{n}", "version": 2, **post} for n in (1, 2, 3)],
        )
        connection.execute(
            insert(core.post_annotation),
            [
                {"post_id": 1, "masked": "kode [phone]", "sentiment": "negative", **note, **sha},
                {"post_id": 3, "masked": "same", "sentiment": None, **note, **sha},
            ],
        )
        connection.execute(
            insert(themes.theme),
            [
                {"theme_id": 1, "name": "Codes", "born_week": day, "merged_into": None, "status": "active"},
                {"theme_id": 2, "name": "Login", "born_week": day + timedelta(7), "merged_into": 1, "status": "merged"},
            ],
        )
        connection.execute(insert(themes.mention), [{"post_id": 1, "theme_id": 1, **mention}])
        connection.execute(insert(themes.mention), [{"post_id": 3, "theme_id": 2, **mention}])
        connection.execute(insert(fct_post), [{"post_id": 1, "is_counted": True, **fact}])
        connection.execute(insert(fct_post), [{"post_id": 2, "is_counted": False, **fact}])
    engine.dispose()
