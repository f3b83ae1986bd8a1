"""A document is canonical: however it was put together, the same content is the same bytes."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.errors import InputError
from kernel.model import Fact, Interval, Quote
from reports.document import Meta, compose, decode, encode

META = Meta(report_id=1, input_id=1, community="C", week=date(2026, 11, 16), timezone="UTC")


def fact(name: str, **known) -> Fact:
    return Fact(id=name, label="x", query="q", unit="count", **({"value": 1} | known))


def quote(theme: int) -> Quote:
    return Quote(
        id=f"theme.{theme}.quote.1",
        theme_id=theme,
        stance="quote",
        post_id=1,
        version=1,
        start=0,
        end=1,
        text="x",
        text_sha256="",
        language="en",
        source="forum",
        created_on=date(2026, 11, 16),
    )


def theme(number: int) -> dict:
    born = {"name_source": "machine", "born_week": date(2026, 11, 2), "area": None, "keywords": ["a"]}
    return {"theme_id": number, "name": "x", **born}


def test_order_and_number_types_do_not_show():
    facts = [fact("b", value=2, series=(1, None), params={"z": 1, "a": 2}), fact("a", interval=Interval(None, None))]
    again = [fact("a"), fact("b", value=2.0, series=(1.0, None), params={"a": 2, "z": 1})]
    assert encode(compose(meta=META, facts=facts)) == encode(compose(meta=META, facts=again))


def test_only_themes_and_quotes_that_facts_speak_of_are_kept():
    made = compose(meta=META, facts=[fact("theme.2.people")], themes=[theme(1), theme(2)], quotes=[quote(1), quote(2)])
    assert [named.theme_id for named in made.themes] == [2]
    assert [kept.theme_id for kept in made.quotes] == [2]


def test_nobody_is_quoted_where_too_few_wrote():
    facts = [fact("theme.1.people", value=2), fact("theme.2.people", value=3)]
    facts.append(fact("report.small_themes", params={"min_people": 3}))
    made = compose(meta=META, facts=facts, themes=[theme(1), theme(2)], quotes=[quote(1), quote(2)])
    assert [kept.theme_id for kept in made.quotes] == [2]


def test_only_threads_that_facts_speak_of_are_kept():
    row = {"source": "forum", "title": None, "url": None, "area": None, "theme_id": None}
    threads = [row | {"thread_id": number} for number in (7, 8)]
    made = compose(meta=META, facts=[fact("thread.8.waiting_hours")], threads=threads)
    assert [thread.thread_id for thread in made.waiting] == [8]


def test_bytes_are_read_back():
    made = compose(meta=META, facts=[fact("theme.2.people")], themes=[theme(2)], quotes=[quote(2)])
    assert decode(encode(made)) == made


@pytest.mark.parametrize("content", [b"{}", b"not json", b'{"meta": {"report_id": "one"}}'])
def test_what_is_not_a_report_is_an_error_that_says_where(content):
    with pytest.raises(InputError, match="not a report"):
        decode(content)
