"""Searching in SQL, as an analyst does: what is found by words and by meaning, and what never is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from jobs import spaces
from kernel.errors import InputError, StaleInputError
from nlp import space
from nlp.text import PLACEHOLDER
from tests.warehouse.rows import Rows, at
from warehouse import marts, search
from warehouse.engine import connect, conninfo
from warehouse.partitions import ensure_months
from warehouse.search import Filters
from warehouse.vectors import Vectors, speak_vectors

UTC = ZoneInfo("UTC")
MONDAY = date(2026, 11, 2)
MODEL = "tested"


class Forum:
    """Posts with words and vectors, in the marts."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.source = rows.source()
        self.thread = rows.thread(self.source)
        self.draw = np.random.default_rng(1)
        spaces.freeze(rows.connection, MODEL, space.default(), posts=0)

    def post(
        self, words: str, language: str = "en", *, day: int = 2, vector: Vectors | None = None, **read: Any
    ) -> int:
        """Add a post of November 2026 that the marts know, with a vector of its own."""
        member = self.rows.member(self.source)
        read = {"masked": words, "language": language} | read
        post = self.rows.post(self.thread, member, f"2026-11-{day:02} 10:00", read=read)
        speak_vectors(self.rows.connection)
        self.rows.connection.execute(
            text("""
                insert into core.post_embedding select text_sha256, :model, :vector from core.post_annotation
                where post_id = :post on conflict do nothing
            """),
            {"model": MODEL, "post": post, "vector": self.vector() if vector is None else vector},
        )
        self.refresh(day)
        return post

    def vector(self) -> Vectors:
        found = self.draw.standard_normal(384).astype(np.float32)
        return found / np.linalg.norm(found)

    def refresh(self, day: int) -> None:
        marts.refresh_posts(self.rows.connection, date(2026, 11, day), UTC)

    def words(self, query: str, **filters: Any) -> list[int]:
        found = search.by_words(self.rows.connection, query, Filters(**filters), most=100)
        return [row["post_id"] for row in found]

    def near(self, vector: Vectors, **filters: Any) -> list[int]:
        connection = self.rows.connection
        found = search.by_meaning(connection, vector, "en", Filters(**filters), encoder=MODEL, most=100)
        return [row["post_id"] for row in found]

    def similar(self, post: int) -> list[int]:
        return [key for (key,) in self.rows.all("select post_id from mart.similar_posts(:post)", post=post)]

    def found(self, post: int, word: str) -> set[str]:
        """Return by which ways a post is found."""
        vector = self.rows.connection.execute(
            text("""
                select embedding from core.post_embedding join core.post_annotation using (text_sha256)
                where post_id = :post and model = :model
            """),
            {"post": post, "model": MODEL},
        ).scalar()
        speak_vectors(self.rows.connection)
        near = [] if vector is None else self.near(np.asarray(vector.to_numpy(), np.float32))
        others = [other for (other,) in self.rows.all("select post_id from mart.fct_post where post_id <> :p", p=post)]
        ways = {"words": self.words(word), "meaning": near, "similar": self.similar(others[0])}
        return {way for way, hits in ways.items() if post in hits}


@pytest.fixture
def forum(rows: Rows) -> Forum:
    return Forum(rows)


class TestWords:
    def test_each_language_by_its_own_stems(self, forum: Forum) -> None:
        english = forum.post("the refunds were refused")
        indonesian = forum.post("pembayarannya gagal terus", "id")
        german = forum.post("die Zahlungen gehen nicht", "de")
        assert forum.words("refund") == [english]
        assert forum.words("bayar") == [indonesian]
        assert forum.words("Zahlungen") == [german]
        assert forum.words("Zahlung") == []

    def test_as_on_the_web(self, forum: Forum) -> None:
        one, two = forum.post("card was charged twice"), forum.post("charged the wrong card, twice the price")
        assert forum.words('"card was charged"') == [one]
        assert set(forum.words("charged card")) == {one, two}
        assert forum.words("card -price") == [one]
        assert set(forum.words("price or refund or charged")) == {one, two}
        assert forum.words("cards -prices") == [one], "what is left out is a stem too"
        assert forum.words("?!") == []

    @pytest.mark.parametrize("kind", sorted(set(re.findall(r"[a-z]+", PLACEHOLDER.pattern.partition("(?:")[2]))))
    def test_what_stands_for_personal_data_is_no_word(self, forum: Forum, kind: str) -> None:
        """A new kind needs a revision that makes `mart.fct_post.lexemes` anew."""
        forum.post(f"write to [{kind}] please")
        assert forum.words(kind) == []
        assert len(forum.words("please")) == 1

    def test_the_excerpt_shows_the_words(self, forum: Forum) -> None:
        forum.post("one two three " * 100 + "the needle is here " + "four five six " * 100)
        (row,) = search.by_words(forum.rows.connection, "needles", Filters(), most=1)
        assert "the needle is here" in row["excerpt"]
        assert len(row["excerpt"]) < 300

    def test_the_longest_text_of_the_most_words_can_be_held(self, forum: Forum) -> None:
        """A tsvector holds one megabyte; words of two letters of four bytes need the most."""
        words = " ".join(chr(0x20000 + number % 40_000) + chr(0x20000 + number // 40_000) for number in range(66_666))
        assert len(words) > 199_990
        post = forum.post(words, "zh")
        assert forum.words(words[-2:]) == [post]
        ((size,),) = forum.rows.all("select length(lexemes) from mart.fct_post")
        assert size == 66_666


class TestMeaning:
    def test_it_compares_in_the_space_that_themes_live_in(self, forum: Forum) -> None:
        languages = ["en", "id", "fr", "en"]
        vectors = np.stack([forum.vector() for _ in languages])
        posts = [
            forum.post(f"words {n}", language, vector=vector)
            for n, (language, vector) in enumerate(zip(languages, vectors, strict=True))
        ]
        asked = forum.vector()
        for spoken in ("id", "fr"):
            found = search.by_meaning(forum.rows.connection, asked, spoken, Filters(), encoder=MODEL, most=10)
            lent, nothing = space.default(), [""] * len(languages)
            expected = lent.project(vectors, languages, nothing) @ lent.project(asked[None], [spoken], [""])[0]
            assert {row["post_id"]: row["score"] for row in found} == pytest.approx(
                dict(zip(posts, expected.tolist(), strict=True)), abs=1e-5
            )
            assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)

    def test_posts_like_one(self, forum: Forum) -> None:
        vector = forum.vector()
        one = forum.post("money was taken twice", vector=vector)
        near = forum.post("double charge", vector=vector + 0.2 * forum.vector())
        others = [forum.post(f"hello {number}") for number in range(12)]
        found = forum.similar(one)
        assert len(found) == 10
        assert found[0] == near
        assert one not in found
        assert set(found[1:]) <= set(others)

    def test_an_encoder_without_vectors_finds_nothing(self, forum: Forum) -> None:
        forum.post("words")
        found = search.by_meaning(forum.rows.connection, forum.vector(), "en", Filters(), encoder="another", most=10)
        assert found == []

    def test_a_lent_space_gives_way_to_the_first_that_is_fitted_and_to_no_other(self, forum: Forum) -> None:
        assert spaces.frozen(forum.rows.connection, MODEL) is None
        texts = [" ".join(f"word{n % 30}{part}" for part in "abcdef") for n in range(300)]
        vectors = np.stack([forum.vector() for _ in texts])
        own = space.fit(vectors, ["en"] * 300, texts, encoder=MODEL)
        spaces.freeze(forum.rows.connection, MODEL, own, posts=300)
        spaces.freeze(forum.rows.connection, MODEL, space.default(), posts=0)
        again = spaces.frozen(forum.rows.connection, MODEL)
        assert own.words is not None
        assert again is not None
        assert again.version == own.version
        assert np.array_equal(again.project(vectors, ["en"] * 300, texts), own.project(vectors, ["en"] * 300, texts))


class TestBoth:
    def test_filters(self, forum: Forum) -> None:
        english, indonesian = forum.post("otp", day=2), forum.post("otp", "id", day=9)
        kept, merged = forum.rows.theme("login"), forum.rows.theme("otp")
        forum.rows.connection.execute(
            text("update core.theme set status = 'merged', merged_into = :kept where theme_id = :merged"),
            {"kept": kept, "merged": merged},
        )
        forum.rows.mention(english, merged)
        forum.refresh(2)
        spam = forum.post("otp", is_spam=True, day=10)
        for filters, expected in (
            ({}, {english, indonesian}),
            ({"with_spam": True}, {english, indonesian, spam}),
            ({"week": date(2026, 11, 9)}, {indonesian}),
            ({"language": "en"}, {english}),
            ({"theme": kept}, {english}),
            ({"theme": merged}, {english}),
            ({"source": "forum"}, {english, indonesian}),
            ({"source": "elsewhere"}, set()),
        ):
            assert set(forum.words("otp", **filters)) == expected, filters
            assert set(forum.near(forum.vector(), **filters)) == expected, filters
        (row,) = search.by_words(forum.rows.connection, "otp", Filters(language="en"), most=5)
        assert (row["theme_id"], row["theme"], row["source"], row["day"]) == (kept, "login", "forum", date(2026, 11, 2))

    @pytest.mark.parametrize(
        "change",
        [
            "update core.post set status = 'deleted', body = null where post_id = :post",
            "update core.post set status = 'erased', body = null where post_id = :post",
            "update core.post set version = 2, body = 'Other words.' where post_id = :post",
            "update core.member set opted_out = true where member_id = (select member_id from core.post "
            "where post_id = :post)",
            "update core.member set erased_at = now() where member_id = (select member_id from core.post "
            "where post_id = :post)",
        ],
    )
    def test_what_may_not_be_shown_is_found_by_no_way_from_that_moment(self, forum: Forum, change: str) -> None:
        post, _ = forum.post("otp"), forum.post("hello")
        assert forum.found(post, "otp") == {"words", "meaning", "similar"}
        forum.rows.connection.execute(text(change), {"post": post})
        assert forum.found(post, "otp") == set()
        assert forum.similar(post) == [], "nor may others be found by its vector"


class TestReaders:
    @pytest.fixture
    def reader(self, shared_url: str) -> Iterator[Connection]:
        engine = connect(shared_url, role="reader")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def test_they_call_every_function_and_see_no_vector(self, reader: Connection) -> None:
        for call in ("search_posts('otp')", "similar_posts(1)", "posts_near('[1,2]', 'en')", "chosen_posts()"):
            assert reader.execute(text(f"select * from mart.{call}")).all() == []
        with pytest.raises(DBAPIError, match="permission denied"):
            reader.execute(text("select embedding from core.post_embedding"))

    def test_what_runs_as_its_owner_is_for_named_roles_and_looks_names_up_nowhere_else(
        self, reader: Connection
    ) -> None:
        rows = reader.execute(
            text("""
                select proname, proconfig[1], exists (
                    select from aclexplode(proacl) where grantee = 0 and privilege_type = 'EXECUTE'
                ) from pg_proc where prosecdef and pronamespace = 'mart'::regnamespace order by 1
            """)
        ).all()
        safe = "search_path=pg_catalog, pg_temp"
        assert [tuple(row) for row in rows] == [("posts_near", safe, False), ("similar_posts", safe, False)]


def test_months_take_their_words_along(warehouse_url: str) -> None:
    engine = connect(warehouse_url, role="pipeline")
    with engine.connect() as connection:
        forum = Forum(Rows(connection))
        post = forum.post("otp")
        ensure_months(connection, date(2026, 11, 1), date(2026, 11, 30), today=date(2026, 11, 20))
        assert forum.rows.all("select tableoid::regclass::text from mart.fct_post") == [("mart.fct_post_202611",)]
        assert forum.words("otp") == [post]
        other = forum.post("otp again", day=3)
        assert set(forum.words("otp")) == {post, other}
    engine.dispose()


def test_posts_of_before_the_upgrade_are_found(warehouse_url: str) -> None:
    from warehouse import migrate

    migrate.downgrade(warehouse_url, "0012")
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        connection.execute("""
            insert into mart.fct_post (
                post_id, created_date, week, created_at, version, source_id, thread_id, member_id, person_id, role,
                is_thread_start, is_spam, is_duplicate, is_counted, language, words, reactions, masked
            ) values (
                1, '2026-11-02', '2026-11-02', now(), 1, 1, 1, 1, 1, 'member',
                true, false, false, true, 'id', 1, 0, 'pembayaran'
            )
        """)
    migrate.upgrade(warehouse_url)
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        assert connection.execute("select lexemes::text from mart.fct_post").fetchall() == [("'bayar':1",)]


class TestRequire:
    def test_no_posts_yet(self, rows: Rows) -> None:
        with pytest.raises(StaleInputError, match=r"no posts have been read yet\n.*suara run daily"):
            search.require(rows.connection, Filters())

    def test_what_is_not_there_is_named_with_what_is(self, forum: Forum) -> None:
        forum.post("otp")
        connection = forum.rows.connection
        for filters, error, says in (
            (Filters(week=MONDAY), StaleInputError, "no day of the week of 2026-11-02 has run\n.*run weekly --week"),
            (Filters(language="fr"), InputError, "no posts of language 'fr'\nThere are: en."),
            (Filters(source="chat"), InputError, "no posts of source 'chat'\nThere are: forum."),
            (Filters(theme=7), InputError, "there is no theme 7\n`suara themes list`"),
        ):
            with pytest.raises(error, match=says):
                search.require(connection, filters)
        connection.execute(
            text("""
                insert into ops.pipeline_run
                    (kind, partition, state, input_fingerprint, code_version, metrics, started_at)
                values ('daily', :day, 'success', '0', '1', '{}', :now)
            """),
            {"day": date(2026, 11, 4), "now": at("2026-11-05")},
        )
        search.require(connection, Filters(week=MONDAY, language="en", source="forum"))
