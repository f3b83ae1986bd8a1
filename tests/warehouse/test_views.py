"""Each view: rows in, rows out."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text

from tests.warehouse.rows import Rows, at
from warehouse import marts, views
from warehouse.engine import connect
from warehouse.tables import mart, raw, themes

UTC = ZoneInfo("UTC")
MONDAY = date(2026, 11, 2)


def refresh(rows: Rows, *days: date) -> None:
    for day in days:
        marts.refresh_posts(rows.connection, day, UTC)
        marts.refresh_threads(rows.connection, day, UTC)


@pytest.mark.parametrize("name", views.MADE)
def test_every_header_says_grain_owner_and_meaning(name: str) -> None:
    assert set(views.header(name)) == {"Grain", "Owner", "Meaning"}


class TestMemberPerson:
    def test_the_newest_link_decides(self, rows: Rows) -> None:
        source = rows.source()
        one, two = rows.member(source), rows.member(source)
        rows.link(two, rows.person_of(one))
        assert rows.person_of(two) == rows.person_of(one)
        assert rows.all("select member_id from core.member_person order by 1") == [(one,), (two,)]

    def test_taking_a_link_back_restores_what_was_before(self, rows: Rows) -> None:
        source = rows.source()
        one, two, three = (rows.member(source) for _ in range(3))
        own, first, second = (rows.person_of(member) for member in (one, two, three))
        rows.link(one, first)
        wrong = rows.link(one, second)
        assert rows.person_of(one) == second
        rows.link(one, second, undoes=wrong)
        assert rows.person_of(one) == first
        (earlier,) = rows.all(
            "select link_id from core.identity_link where person_id = :p and member_id = :m", p=first, m=one
        )
        rows.link(one, own, undoes=earlier[0])
        assert rows.person_of(one) == own
        rows.link(one, second)
        assert rows.person_of(one) == second

    def test_an_account_without_a_standing_link_is_its_own_person(self, rows: Rows) -> None:
        member = rows.member(rows.source())
        own = rows.person_of(member)
        ((link,),) = rows.all("select link_id from core.identity_link")
        rows.link(member, own, undoes=link)
        assert rows.person_of(member) == own


class TestDimensions:
    def test_sources(self, rows: Rows) -> None:
        key = rows.source("reviews-of-app", "reviews")
        assert rows.all("select * from mart.dim_source") == [(key, "reviews-of-app", "reviews", None)]
        marts.describe_source(rows.connection, "reviews-of-app", kind="other", url="https://store.example/app")
        marts.describe_source(rows.connection, "elsewhere", kind="chat", url=None)
        place = "https://store.example/app"
        assert rows.all("select * from mart.dim_source") == [(key, "reviews-of-app", "reviews", place)]
        marts.describe_source(rows.connection, "reviews-of-app", kind="tracker", url=None)
        assert rows.all("select * from mart.dim_source") == [(key, "reviews-of-app", "tracker", None)]

    def test_members_have_days_and_no_names(self, rows: Rows) -> None:
        source = rows.source()
        writer = rows.member(source, display_name="Somebody", role="moderator")
        silent = rows.member(source, opted_out=True, erased_at=at("2026-11-05"))
        thread = rows.thread(source)
        for moment in ("2026-11-03 23:00", "2026-11-05 01:00"):
            rows.post(thread, writer, moment)
        refresh(rows, date(2026, 11, 3), date(2026, 11, 5))
        found = "select * from mart.dim_member where member_id = :member"
        assert rows.one(found, member=writer) == {
            "member_id": writer,
            "person_id": rows.person_of(writer),
            "source_id": source,
            "role": "moderator",
            "first_post_date": date(2026, 11, 3),
            "last_post_date": date(2026, 11, 5),
            "opted_out": False,
            "is_erased": False,
        }
        absent = rows.one(found, member=silent)
        assert (absent["first_post_date"], absent["opted_out"], absent["is_erased"]) == (None, True, True)

    def test_merged_themes_lead_to_the_last_one(self, rows: Rows) -> None:
        final = rows.theme("login", area="identity", owner="Ayu")
        middle = rows.theme("sign-in", status="merged", merged_into=final)
        first = rows.theme("password", status="merged", merged_into=middle)
        alone = rows.theme("dark mode", status="retired")
        for week, words in (("2026-11-02", ["old"]), ("2026-11-09", ["log in", "otp"])):
            values = {"theme_id": final, "week": week, "model": "m", "threshold": 0.5, "size": 1}
            statement = insert(themes.theme_version).values(
                **values, centroid=[0.1] * 384, keywords=words, exemplars=[]
            )
            rows.connection.execute(statement)
        query = "select theme_id, current_theme_id, name, area, owner, status, keywords from mart.dim_theme order by 1"
        login = (final, "login", "identity", "Ayu", "active", ["log in", "otp"])
        assert rows.all(query) == [
            (final, *login),
            (middle, *login),
            (first, *login),
            (alone, alone, "dark mode", None, None, "retired", None),
        ]

    def test_themes_merged_in_a_circle_do_not_hang(self, rows: Rows) -> None:
        one = rows.theme("one")
        two = rows.theme("two", status="merged", merged_into=one)
        rows.connection.execute(
            text("update core.theme set status = 'merged', merged_into = :two where theme_id = :one"),
            {"one": one, "two": two},
        )
        assert len(rows.all("select * from mart.dim_theme")) == 2


class TestWeeklyThemeTrends:
    def week(self, rows: Rows, week: str, people: dict[int, int], *, active: int = 100) -> None:
        rows.add(themes.theme_run, week=week, model="m", params={}, posts=1, assigned=1, born=0, unassigned=0)
        for theme, number in people.items():
            values: dict[str, Any] = dict.fromkeys(
                ("sources", "negative_posts", "sentiment_posts", "bugs", "requests"), 0
            )
            values |= {"week": week, "theme_id": theme, "people": number, "posts": 2 * number, "active_people": active}
            rows.connection.execute(insert(mart.fct_theme_week).values(values))

    def trend(self, rows: Rows, theme: int) -> list[tuple[Any, ...]]:
        return rows.all(
            "select week, people, previous_people, mean_people, ratio, share_of_active from mart.weekly_theme_trends"
            " where theme_id = :theme order by week",
            theme=theme,
        )

    def test_a_theme_beside_its_own_past(self, rows: Rows) -> None:
        theme, other = rows.theme(), rows.theme()
        self.week(rows, "2026-10-12", {other: 1})
        self.week(rows, "2026-10-19", {theme: 10, other: 1})
        self.week(rows, "2026-10-26", {other: 1})  # a week of silence is a zero
        self.week(rows, "2026-11-09", {theme: 20, other: 1}, active=50)  # and one without a run is nothing at all
        assert self.trend(rows, theme) == [
            (date(2026, 10, 19), 10, None, None, None, 0.1),
            (date(2026, 10, 26), 0, 10, 10.0, 0.0, 0.0),
            (date(2026, 11, 9), 20, 0, 5.0, 4.0, 0.4),
        ]

    def test_the_mean_reaches_back_eight_weeks(self, rows: Rows) -> None:
        theme = rows.theme()
        for number in range(10):
            monday = date.fromordinal(MONDAY.toordinal() + 7 * number)
            self.week(rows, monday.isoformat(), {theme: 900 if number == 0 else 10})
        assert self.trend(rows, theme)[8][3] == (900 + 7 * 10) / 8
        assert self.trend(rows, theme)[9][3] == 10

    def test_a_week_in_which_nobody_was_seen_has_no_share(self, rows: Rows) -> None:
        theme = rows.theme()
        self.week(rows, "2026-11-02", {theme: 1})
        self.week(rows, "2026-11-09", {})
        assert self.trend(rows, theme)[1] == (date(2026, 11, 9), 0, 1, 1.0, 0.0, None)


class TestUnansweredThreads:
    def test_who_waits_and_how_long(self, rows: Rows) -> None:
        forum, reviews = rows.source(), rows.source("reviews-of-app", "reviews")
        asker, helper, staff = rows.member(forum), rows.member(forum), rows.member(forum, role="staff")
        waiting, answered, solved, internal = (
            rows.thread(forum),
            rows.thread(forum),
            rows.thread(forum, status="solved"),
            rows.thread(forum),
        )
        theme = rows.theme("login", area="identity")
        post = rows.post(waiting, asker, "2026-11-02 10:00", read={"masked": "a" * 200, "feedback_type": "question"})
        rows.mention(post, theme)
        rows.post(waiting, asker, "2026-11-02 11:00")
        rows.post(answered, asker, "2026-11-02 10:00")
        rows.post(answered, helper, "2026-11-02 12:00")
        rows.post(solved, asker, "2026-11-02 10:00")
        rows.post(internal, staff, "2026-11-02 10:00")
        rows.post(rows.thread(reviews), rows.member(reviews), "2026-11-02 10:00")
        rows.post(rows.thread(reviews), rows.member(reviews), "2026-11-02 23:00")
        refresh(rows, MONDAY)
        found = rows.one("select * from mart.unanswered_threads")
        assert found["thread_id"] == waiting
        assert found["waiting_hours"] == 2.0  # to the newest post of the forum, not of the reviews
        assert (found["theme_id"], found["area"], found["feedback_type"]) == (theme, "identity", "question")
        assert (found["replies"], len(found["excerpt"])) == (1, 160)
        rows.connection.execute(
            text("update core.member set opted_out = true where member_id = :asker"), {"asker": asker}
        )
        assert rows.all("select thread_id, excerpt, url from mart.unanswered_threads") == [(waiting, None, None)]


def test_member_activity(rows: Rows) -> None:
    source = rows.source()
    one, other = rows.member(source), rows.member(source, role="staff")
    twin = rows.member(rows.source("chat", "chat"))
    rows.link(twin, rows.person_of(one))
    thread = rows.thread(source)
    rows.post(thread, one, "2026-11-02 10:00", is_thread_start=True, reaction_counts={"like": 2, "thanks": 1})
    rows.post(thread, one, "2026-11-03 10:00")
    rows.post(thread, other, "2026-11-03 11:00")
    rows.post(thread, one, "2026-11-03 12:00", read={"is_spam": True})
    chat = rows.thread(rows.one("select source_id from core.source where name = 'chat'")["source_id"])
    rows.post(chat, twin, "2026-11-17 10:00")
    refresh(rows, MONDAY, date(2026, 11, 3), date(2026, 11, 17))
    person = rows.person_of(one)
    assert rows.all("""
        select person_id, week, posts, threads_started, replies, sources, active_days, reactions, first_week,
               weeks_since_last
        from mart.member_activity order by week
    """) == [
        (person, MONDAY, 2, 1, 1, 1, 2, 3, MONDAY, None),
        (person, date(2026, 11, 16), 1, 0, 1, 1, 1, 0, MONDAY, 2),
    ]


class TestOperations:
    def test_lag(self, shared_url: str) -> None:
        engine = connect(shared_url, role="ingest")
        with engine.connect() as connection:
            rows = Rows(connection)
            base = {"consumer_group": "g", "topic": "t", "topic_id": "00000000-0000-0000-0000-000000000001"}
            for partition, (offset, end) in enumerate([(90, 100), (5, 3), (5, None)]):
                values = base | {"kafka_partition": partition, "next_offset": offset, "high_watermark": end}
                connection.execute(insert(raw.ingest_offset).values(values))
            found = rows.all("select kafka_partition, records_behind from ops.ingest_lag order by 1")
            assert found == [(0, 10), (1, 0), (2, None)]
        engine.dispose()

    def test_freshness(self, rows: Rows) -> None:
        forum, chat, empty = rows.source(), rows.source("chat", "chat"), rows.source("mail", "mail")
        for source, moment in ((forum, "2026-11-02 10:00"), (chat, "2026-11-03 12:00"), (chat, "2026-11-01 12:00")):
            rows.post(rows.thread(source), rows.member(source), moment)
        assert rows.all(
            "select source_id, posts, newest_post_at, hours_behind, last_complete_day from ops.freshness order by 1"
        ) == [
            (forum, 1, at("2026-11-02 10:00"), 26.0, None),
            (chat, 2, at("2026-11-03 12:00"), 0.0, None),
            (empty, 0, None, None, None),
        ]

    def test_rejected_events_by_reason(self, shared_url: str) -> None:
        engine = connect(shared_url, role="ingest")
        with engine.connect() as connection:
            base = {"topic": "posts", "kafka_partition": 0, "stage": "decode", "payload": b"secret"}
            for offset, (reason, day) in enumerate([("invalid_utf8", 3), ("invalid_utf8", 2), ("not_json", 2)]):
                moment = at(f"2026-11-0{day}")
                values = {"kafka_offset": offset, "reason": reason, "record_ts": moment, "first_failed_at": moment}
                connection.execute(insert(raw.rejected_event).values(base | values))
            assert Rows(connection).all("select * from ops.rejected_digest order by reason") == [
                ("posts", "decode", "invalid_utf8", "open", 2, at("2026-11-02"), at("2026-11-03")),
                ("posts", "decode", "not_json", "open", 1, at("2026-11-02"), at("2026-11-02")),
            ]
        engine.dispose()
