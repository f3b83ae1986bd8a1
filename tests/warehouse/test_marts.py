from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text

from tests.warehouse.rows import Rows, at
from warehouse import marts
from warehouse.partitions import ensure_months
from warehouse.tables import core

JAKARTA = ZoneInfo("Asia/Jakarta")  # seven hours ahead of UTC, all year
UTC = ZoneInfo("UTC")
DAY = date(2026, 11, 2)


def posts(rows: Rows, columns: str = "post_id") -> list[Any]:
    return rows.all(f"select {columns} from mart.fct_post order by post_id")


class TestDates:
    def test_the_calendar(self, rows: Rows) -> None:
        marts.refresh_dates(rows.connection, date(2026, 12, 31), date(2027, 1, 4))
        marts.refresh_dates(rows.connection, date(2027, 1, 3), date(2027, 1, 4))
        assert rows.all("select * from mart.dim_date order by 1") == [
            (date(2026, 12, 31), date(2026, 12, 28), 2026, 53, date(2026, 12, 1), 4, False),
            (date(2027, 1, 1), date(2026, 12, 28), 2026, 53, date(2027, 1, 1), 5, False),
            (date(2027, 1, 2), date(2026, 12, 28), 2026, 53, date(2027, 1, 1), 6, True),
            (date(2027, 1, 3), date(2026, 12, 28), 2026, 53, date(2027, 1, 1), 7, True),
            (date(2027, 1, 4), date(2027, 1, 4), 2027, 1, date(2027, 1, 1), 1, False),
        ]


class TestPosts:
    def test_a_day_begins_at_midnight_of_the_community(self, rows: Rows) -> None:
        source = rows.source()
        thread, member = rows.thread(source), rows.member(source)
        moments = ("2026-11-01 16:59:59", "2026-11-01 17:00:00", "2026-11-02 16:59:59", "2026-11-02 17:00:00")
        _, first, last, _ = (rows.post(thread, member, moment) for moment in moments)
        assert marts.refresh_posts(rows.connection, DAY, JAKARTA) == 2
        assert posts(rows, "post_id, created_date, week") == [(first, DAY, DAY), (last, DAY, DAY)]

    def test_only_live_posts_whose_current_version_was_read(self, rows: Rows) -> None:
        source = rows.source()
        thread, member = rows.thread(source), rows.member(source)
        kept = rows.post(thread, member, "2026-11-02 10:00")
        rows.post(thread, member, "2026-11-02 10:00", status="deleted")
        rows.post(thread, member, "2026-11-02 10:00", is_read=False)
        rows.post(thread, member, "2026-11-02 10:00", version=3, read={"post_version": 2})
        assert marts.refresh_posts(rows.connection, DAY, UTC) == 1
        assert posts(rows) == [(kept,)]

    def test_what_a_row_holds(self, rows: Rows) -> None:
        source = rows.source()
        member, friend = rows.member(source), rows.member(source)
        rows.link(member, rows.person_of(friend))
        found = {"sentiment": "negative", "sentiment_score": 0.5, "feedback_type": "bug", "toxicity": 0.25, "words": 7}
        thread = rows.thread(source)
        post = rows.post(
            thread, member, "2026-11-02 10:00", is_thread_start=True, version=4, rating=2, url="https://x.test/1",
            external_id="natural", read={**found, "masked": "write to [email]", "language": "id"},
        )  # fmt: skip
        for kind, removed in (("like", None), ("thanks", None), ("agree", at("2026-11-02 12:00"))):
            values = {
                "source_id": source,
                "post_external_id": "natural",
                "member_id": friend,
                "kind": kind,
                "version": 1,
            }
            values |= {"reacted_at": at("2026-11-02 11:00"), "removed_at": removed}
            rows.connection.execute(insert(core.reaction).values(values))
        theme = rows.theme()
        rows.mention(post, theme, confidence=0.75)
        marts.refresh_posts(rows.connection, DAY, UTC)
        assert rows.one("select * from mart.fct_post") == {
            "post_id": post, "created_date": DAY, "week": DAY, "created_at": at("2026-11-02 10:00"), "version": 4,
            "source_id": source, "thread_id": thread, "member_id": member, "person_id": rows.person_of(friend),
            "role": "member", "is_thread_start": True, "is_spam": False, "is_duplicate": False, "is_counted": True,
            "duplicate_of": None, "language": "id", **found, "type_score": None, "rating": 2, "reactions": 2,
            "theme_id": theme, "theme_confidence": 0.75, "masked": "write to [email]", "url": "https://x.test/1",
            "lexemes": "'to':2 'write':1",
        }  # fmt: skip

    def test_an_answer_that_moved_leaves_a_thread_of_another_day_unanswered(self, rows: Rows) -> None:
        source = rows.source()
        old, new = rows.thread(source), rows.thread(source)
        rows.post(old, rows.member(source), "2026-11-01 10:00")
        rows.post(old, rows.member(source), "2026-11-02 10:00", external_id="answer")
        marts.refresh_posts(rows.connection, DAY, UTC)
        marts.refresh_threads(rows.connection, DAY, UTC)
        answers = "select thread_id, replies from mart.fct_thread_response where thread_id = :old"
        assert rows.all(answers, old=old) == [(old, 1)]
        move = text("update core.post set thread_id = :new where external_id = 'answer'")
        rows.connection.execute(move, {"new": new})
        marts.refresh_posts(rows.connection, DAY, UTC)
        marts.refresh_threads(rows.connection, DAY, UTC)
        assert rows.all(answers, old=old) == [(old, 0)]

    @pytest.mark.parametrize(
        ("role", "is_spam", "is_counted"),
        [
            ("member", False, True),
            ("moderator", False, True),
            ("staff", False, False),
            ("bot", False, False),
            ("member", True, False),
        ],
    )
    def test_who_counts(self, rows: Rows, role: str, *, is_spam: bool, is_counted: bool) -> None:
        source = rows.source()
        rows.post(rows.thread(source), rows.member(source, role=role), "2026-11-02 10:00", read={"is_spam": is_spam})
        marts.refresh_posts(rows.connection, DAY, UTC)
        assert posts(rows, "is_counted") == [(is_counted,)]

    def test_reactions_are_the_ones_known_or_the_ones_counted_at_the_source(self, rows: Rows) -> None:
        source = rows.source()
        thread, member = rows.thread(source), rows.member(source)
        for number, counts in enumerate([{}, {"like": 3, "heart": 1}]):
            rows.post(thread, member, "2026-11-02 10:00", external_id=f"p{number}", reaction_counts=counts)
            values = {"source_id": source, "post_external_id": f"p{number}", "member_id": member, "kind": "like"}
            values |= {"version": 1, "reacted_at": at("2026-11-02 11:00")}
            rows.connection.execute(insert(core.reaction).values(values))
        marts.refresh_posts(rows.connection, DAY, UTC)
        assert posts(rows, "reactions") == [(1,), (4,)]

    def test_again_changes_nothing_and_what_is_gone_goes(self, rows: Rows) -> None:
        source = rows.source()
        thread, member = rows.thread(source), rows.member(source)
        kept, gone = (rows.post(thread, member, "2026-11-02 10:00") for _ in range(2))
        marts.refresh_posts(rows.connection, DAY, UTC)
        before = rows.all("select * from mart.fct_post order by post_id")
        marts.refresh_posts(rows.connection, DAY, UTC)
        assert rows.all("select * from mart.fct_post order by post_id") == before
        rows.connection.execute(text("update core.post set status = 'deleted' where post_id = :gone"), {"gone": gone})
        marts.refresh_posts(rows.connection, DAY, UTC)
        assert posts(rows) == [(kept,)]

    def test_a_post_whose_time_was_corrected_is_on_one_day(self, rows: Rows) -> None:
        source = rows.source()
        post = rows.post(rows.thread(source), rows.member(source), "2026-11-02 10:00")
        marts.refresh_posts(rows.connection, DAY, UTC)
        rows.connection.execute(text("update core.post set created_at = created_at + interval '1 day'"))
        marts.refresh_posts(rows.connection, DAY + timedelta(days=1), UTC)
        assert posts(rows, "post_id, created_date") == [(post, date(2026, 11, 3))]

    def test_rows_go_to_their_month_when_it_is_there(self, rows: Rows) -> None:
        source = rows.source()
        rows.post(rows.thread(source), rows.member(source), "2026-11-02 10:00")
        ensure_months(rows.connection, DAY, DAY)
        marts.refresh_posts(rows.connection, DAY, UTC)
        assert rows.all("select tableoid::regclass::text from mart.fct_post") == [("mart.fct_post_202611",)]


class TestThreads:
    def answered(self, rows: Rows) -> dict[str, Any]:
        return rows.one("select * from mart.fct_thread_response")

    def test_who_answered_and_when(self, rows: Rows) -> None:
        source = rows.source()
        asker, bot, spammer, helper, staff = (
            rows.member(source, role=role) for role in ("member", "bot", "member", "member", "staff")
        )
        thread = rows.thread(source, status="solved")
        first = rows.post(thread, asker, "2026-11-02 10:00", is_thread_start=True)
        rows.post(thread, asker, "2026-11-02 10:30")
        rows.post(thread, bot, "2026-11-02 10:40")
        rows.post(thread, spammer, "2026-11-02 10:50", read={"is_spam": True})
        rows.post(thread, helper, "2026-11-02 10:55", status="deleted")
        answer = rows.post(thread, helper, "2026-11-02 11:00")
        rows.post(thread, staff, "2026-11-03 09:00", is_read=False)
        assert marts.refresh_threads(rows.connection, DAY, UTC) == 1
        assert self.answered(rows) == {
            "thread_id": thread, "source_id": source, "started_date": DAY, "week": DAY,
            "started_at": at("2026-11-02 10:00"), "starter_person_id": rows.person_of(asker), "starter_role": "member",
            "is_counted": True, "first_post_id": first, "first_response_at": at("2026-11-02 11:00"),
            "first_response_post_id": answer, "first_responder_role": "member",
            "first_staff_response_at": at("2026-11-03 09:00"), "replies": 3, "people": 5,
            "last_post_at": at("2026-11-03 09:00"), "status": "solved",
        }  # fmt: skip

    def test_the_same_person_with_another_account_is_no_answer(self, rows: Rows) -> None:
        source = rows.source()
        asker, second = rows.member(source), rows.member(source)
        rows.link(second, rows.person_of(asker))
        thread = rows.thread(source)
        rows.post(thread, asker, "2026-11-02 10:00")
        rows.post(thread, second, "2026-11-02 11:00")
        marts.refresh_threads(rows.connection, DAY, UTC)
        found = self.answered(rows)
        assert (found["first_response_at"], found["replies"], found["people"]) == (None, 1, 1)

    def test_a_later_day_answers_an_older_thread(self, rows: Rows) -> None:
        source = rows.source()
        thread = rows.thread(source)
        rows.post(thread, rows.member(source), "2026-11-01 18:00")
        marts.refresh_threads(rows.connection, DAY, JAKARTA)
        assert self.answered(rows)["first_response_at"] is None
        rows.post(thread, rows.member(source), "2026-11-09 10:00")
        marts.refresh_threads(rows.connection, date(2026, 11, 9), JAKARTA)
        found = self.answered(rows)
        assert (found["started_date"], found["week"]) == (DAY, DAY)
        assert found["first_response_at"] == at("2026-11-09 10:00")

    def test_a_deleted_opening_moves_the_start_and_an_empty_thread_goes(self, rows: Rows) -> None:
        source = rows.source()
        thread = rows.thread(source)
        first = rows.post(thread, rows.member(source), "2026-11-02 10:00")
        second = rows.post(thread, rows.member(source), "2026-11-03 10:00")
        marts.refresh_threads(rows.connection, DAY, UTC)
        delete = text("update core.post set status = 'deleted' where post_id = :post")
        rows.connection.execute(delete, {"post": first})
        marts.refresh_threads(rows.connection, DAY, UTC)
        assert (self.answered(rows)["first_post_id"], self.answered(rows)["started_date"]) == (
            second,
            date(2026, 11, 3),
        )
        rows.connection.execute(delete, {"post": second})
        assert marts.refresh_threads(rows.connection, date(2026, 11, 3), UTC) == 0
        assert rows.all("select * from mart.fct_thread_response") == []

    def test_a_post_that_moved_leaves_its_old_thread(self, rows: Rows) -> None:
        source = rows.source()
        old, new = rows.thread(source), rows.thread(source)
        post = rows.post(old, rows.member(source), "2026-11-02 10:00")
        marts.refresh_threads(rows.connection, DAY, UTC)
        rows.connection.execute(text("update core.post set thread_id = :new"), {"new": new})
        marts.refresh_threads(rows.connection, DAY, UTC)
        assert rows.all("select thread_id, first_post_id from mart.fct_thread_response") == [(new, post)]

    @pytest.mark.parametrize(
        ("role", "is_spam", "is_counted"),
        [("staff", False, False), ("moderator", False, True), ("member", True, False)],
    )
    def test_whose_question_counts(self, rows: Rows, role: str, *, is_spam: bool, is_counted: bool) -> None:
        source = rows.source()
        rows.post(rows.thread(source), rows.member(source, role=role), "2026-11-02 10:00", read={"is_spam": is_spam})
        marts.refresh_threads(rows.connection, DAY, UTC)
        assert self.answered(rows)["is_counted"] is is_counted


class TestThemes:
    def test_people_are_counted_once_and_merges_are_resolved(self, rows: Rows) -> None:
        forum, chat = rows.source(), rows.source("chat", "chat")
        one, two, staff = rows.member(forum), rows.member(forum), rows.member(forum, role="staff")
        twin = rows.member(chat)
        rows.link(twin, rows.person_of(one))
        theme = rows.theme()
        merged = rows.theme(status="merged", merged_into=theme)
        other = rows.theme("other")
        thread, talk = rows.thread(forum), rows.thread(chat)
        for where, who, day, into, read in (
            (thread, one, 2, theme, {"sentiment": "negative", "feedback_type": "bug"}),
            (talk, twin, 8, merged, {"sentiment": "positive", "feedback_type": "request"}),
            (thread, two, 5, theme, {}),
            (thread, staff, 5, theme, {"sentiment": "negative"}),
            (thread, rows.member(forum), 6, None, {}),
            (thread, two, 9, other, {}),
        ):
            post = rows.post(where, who, f"2026-11-0{day} 10:00", read=read)
            if into:
                rows.mention(post, into)
        for offset in range(8):
            marts.refresh_posts(rows.connection, DAY + timedelta(days=offset), UTC)
        assert marts.refresh_theme_week(rows.connection, DAY) == 1
        assert marts.refresh_theme_week(rows.connection, DAY) == 1
        assert rows.one("select * from mart.fct_theme_week") == {
            "week": DAY, "theme_id": theme, "people": 2, "posts": 3, "sources": 2, "negative_posts": 1,
            "sentiment_posts": 2, "bugs": 1, "requests": 1, "active_people": 3,
        }  # fmt: skip

    def test_posts_take_on_and_lose_their_theme(self, rows: Rows) -> None:
        source = rows.source()
        thread, member = rows.thread(source), rows.member(source)
        one, two = (rows.post(thread, member, moment) for moment in ("2026-11-02 10:00", "2026-11-08 10:00"))
        outside = rows.post(thread, member, "2026-11-09 10:00")
        for day in (DAY, date(2026, 11, 8), date(2026, 11, 9)):
            marts.refresh_posts(rows.connection, day, UTC)
        theme = rows.theme()
        for post in (one, two, outside):
            rows.mention(post, theme)
        assert marts.refresh_themes_of_posts(rows.connection, DAY) == 2
        assert posts(rows, "theme_id") == [(theme,), (theme,), (None,)]
        rows.connection.execute(text("delete from core.mention where post_id = :one"), {"one": one})
        assert marts.refresh_themes_of_posts(rows.connection, DAY) == 1
        assert marts.refresh_themes_of_posts(rows.connection, DAY) == 0
        assert posts(rows, "theme_id") == [(None,), (theme,), (None,)]


def test_another_zone_makes_every_day_due_again(rows: Rows) -> None:
    source = rows.source()
    rows.post(rows.thread(source), rows.member(source), "2026-11-02 10:00")
    rows.connection.execute(
        text(
            "insert into ops.pipeline_run (kind, partition, state, input_fingerprint, code_version, started_at)"
            " values ('daily', '2026-11-02', 'success', 'f', 'c', '2026-11-03')"
        )
    )
    for zone, left in ((UTC, 1), (UTC, 1), (JAKARTA, 0)):
        marts.set_timezone(rows.connection, zone)
        if zone == UTC:
            marts.refresh_posts(rows.connection, DAY, UTC)
            marts.refresh_threads(rows.connection, DAY, UTC)
        for table in ("mart.fct_post", "mart.fct_thread_response", "ops.pipeline_run"):
            assert rows.all(f"select count(*) from {table}") == [(left,)]
    assert rows.all("select value from ops.setting where name = 'timezone'") == [("Asia/Jakarta",)]
