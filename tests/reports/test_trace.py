"""From numbers to posts: what stands behind a number is exactly as much as the number says."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection

from jobs.trace import posts_of
from kernel.model import Fact
from reports.document import Document
from tests.reports import answers, frozen

# Numbers that are made from other numbers, not counted on posts.
OF_NO_POSTS = {"report.history_weeks", "report.tests", "report.small_themes", "trust.quiet_sources"}


@pytest.mark.parametrize("area", [None, "sync"])
def test_every_number_counts_the_posts_that_it_is_traced_to(connection, area):
    rows = frozen.make()
    key = frozen.write(connection, rows)
    made = answers.document(connection, key, rows, area=area)
    counted = 0
    for fact in made.facts:
        posts = behind(connection, key, made, fact)
        if fact.id in OF_NO_POSTS or (fact.value is None and fact.n is None and fact.unit != "text"):
            assert posts is None, fact.id
        elif not fact.id.startswith("change."):
            assert posts is not None, fact.id
            counted += (n := evidence(fact)) is not None
            assert n is None or measure(fact, posts) == n, fact.id
    assert counted > 50


def behind(connection: Connection, key: int, made: Document, fact: Fact) -> list[dict] | None:
    return posts_of(connection, msgspec.structs.replace(made.meta, input_id=key), fact)


def evidence(fact: Fact) -> float | None:
    """How much a fact counts; None where it tells a place, an age or a word."""
    if fact.unit == "text" or fact.note == "mixed" or fact.id.endswith((".rank", ".age")):
        return None
    if fact.id.startswith("thread."):
        return 1
    return fact.value if fact.n is None else fact.n


def measure(fact: Fact, posts: list[dict]) -> int:
    unit = "people" if fact.unit == "ratio" else "source" if fact.unit == "count" else fact.unit
    return len({post[{"people": "person_id", "source": "source"}.get(unit, "post_id")] for post in posts})


def test_a_number_that_is_unknown_leads_to_no_posts(connection):
    rows = frozen.Frozen()
    key = frozen.write(connection, rows)
    made = answers.document(connection, key, rows)
    unknown = {fact.id: behind(connection, key, made, fact) for fact in made.facts if fact.value is None}
    assert unknown["pulse.new"] is None
    assert not any(unknown.values())


def test_words_that_nobody_may_see_any_more_are_left_out(connection):
    rows = frozen.make()
    key = frozen.write(connection, rows)
    made = answers.document(connection, key, rows)
    (fact,) = (fact for fact in made.facts if fact.id == "voice.people")
    # No post of these rows lives in the warehouse: all were deleted.
    posts = behind(connection, key, made, fact)
    assert posts
    assert {(post["url"], post["words"]) for post in posts} == {(None, None)}
