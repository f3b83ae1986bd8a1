"""From exports to events: places, ids, versions, people, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kernel.community import SourceTable
from streams.connectors.base import RejectedRow, SkippedRow
from streams.events import PostCreated, PostEdited
from tests.streams.connectors.sources import connector, events, posts, refusals

FORUM = """post_id,topic_id,title,post_number,reply_to,author,created_at,text
10,1,Slow sync,1,,ana,2026-11-02T09:00:00Z,Sync takes minutes
11,1,Slow sync,2,1.0,budi,2026-11-02T10:00:00Z,Same here
12,1,Slow sync,3,2,ana,2026-11-02T11:00:00Z,Any news?
20,2,Halo,1,,citra,2026-11-03T09:00:00Z,
"""


def test_a_forum_gives_threads_starts_and_parents(tmp_path: Path) -> None:
    found = posts(connector(tmp_path, FORUM).read())
    assert [(post.post_id, post.thread_id, post.is_thread_start, post.parent_post_id) for post in found] == [
        ("10", "1", True, None),
        ("11", "1", False, "10"),
        ("12", "1", False, "11"),
        ("20", "2", True, None),
    ]
    assert [post.title for post in found] == ["Slow sync", None, None, "Halo"]
    assert {post.thread_title for post in found} == {"Slow sync", "Halo"}
    assert found[3].body == ""


def test_the_order_of_the_file_changes_no_event(tmp_path: Path) -> None:
    header, *rows = FORUM.splitlines()
    backwards = "\n".join([header, *reversed(rows)])
    assert events(connector(tmp_path, FORUM).read()) == events(connector(tmp_path, backwards).read())[::-1]


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    export = connector(tmp_path, FORUM)
    assert list(export.read()) == list(export.read())


def test_envelopes_name_kind_source_and_thread(tmp_path: Path) -> None:
    event = events(connector(tmp_path, FORUM).read())[0]
    assert event.source == "urn:community:forum:kebun"
    assert event.partitionkey == "kebun:1"
    assert event.id == f"kebun:post/10:{event.data.version}"
    assert event.time == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert event.data.version == int(event.time.timestamp() * 1000)


def test_a_thread_whose_first_post_is_not_in_the_file_has_no_start(tmp_path: Path) -> None:
    header, _, *rows = FORUM.splitlines()
    found = posts(connector(tmp_path, "\n".join([header, *rows])).read())
    assert [post.is_thread_start for post in found] == [False, False, True]


def test_without_numbers_the_earliest_post_opens_the_thread(tmp_path: Path) -> None:
    content = "post_id,topic_id,author,created_at,text\n3,1,a,2026-11-02 11:00,c\n1,1,b,2026-11-02 09:00,a\n"
    content += "2,1,b,2026-11-02 09:00,same second\n9,,a,2026-11-02 09:00,no thread\n"
    found = {post.post_id: post for post in posts(connector(tmp_path, content).read())}
    assert [name for name, post in found.items() if post.is_thread_start] == ["1", "9"]
    assert found["9"].thread_id == "post/9"


CHAT = """stream,topic,author,created_at,text
113488-general,simp.3F.20tactic,ana,2026-11-02 09:00:00,first
113488-general,simp.3F.20tactic,budi,2026-11-02 09:00:00,second
113488-general,,budi,2026-11-02 23:30:00,no topic
"""


def test_a_chat_gives_threads_by_channel_and_topic_or_day(tmp_path: Path) -> None:
    found = posts(connector(tmp_path, CHAT, preset="chat", zone="Asia/Jakarta").read())
    assert [(post.thread_id, post.thread_title, post.category) for post in found] == [
        ("113488-general/simp.3F.20tactic", "simp? tactic", "general"),
        ("113488-general/simp.3F.20tactic", "simp? tactic", "general"),
        ("113488-general/2026-11-02", "general 2026-11-02", "general"),
    ]
    assert [post.is_thread_start for post in found] == [True, False, True]
    assert found[2].created_at == datetime(2026, 11, 2, 16, 30, tzinfo=UTC)


def test_conversations_of_several_channels_may_share_a_number(tmp_path: Path) -> None:
    lines = [
        {"community": name, "conversation_id": "1", "created_at": "2019-01-01T00:00:00", "author": "a", "text": "x"}
        for name in ("racket", "elm")
    ]
    content = "\n".join(json.dumps(line) for line in lines)
    found = posts(connector(tmp_path, content, form="jsonl", preset="chat").read())
    assert [post.thread_id for post in found] == ["racket/1", "elm/1"]


REVIEWS = """userName,score,content,at,reviewId,appVersion
Ana,5,good,2026-11-02 09:00:00,r1,4.2
A Google user,1.0,good,2026-11-02 09:00:00,r2,
,3,,2026-11-02 09:00:00,r3,
Budi,4.5,good,2026-11-02 09:00:00,r4,
"""


def test_reviews_are_threads_of_their_own_and_the_nameless_are_people_each(tmp_path: Path) -> None:
    items = list(connector(tmp_path, REVIEWS, preset="reviews").read())
    found = posts(items)
    assert [(post.author.id, post.rating, post.app_version) for post in found] == [
        ("Ana", 5, "4.2"),
        ("anonymous:r2", 1, None),
        ("anonymous:r3", 3, None),
    ]
    assert all(post.thread_id == post.post_id and post.is_thread_start for post in found)
    assert refusals(items) == [(5, "bad_rating")]


def test_ids_are_made_from_what_rows_say_and_count_rows_that_say_the_same(tmp_path: Path) -> None:
    content = (
        "userName,score,content,at\n" + "Ana,5,good,2026-11-02 09:00:00\n" * 3 + "Ana,5,fine,2026-11-02 09:00:00\n"
    )
    found = [post.post_id for post in posts(connector(tmp_path, content, preset="reviews").read())]
    assert len(set(found)) == 4
    assert found[1] == f"{found[0]}-2"
    longer = content + "Budi,5,good,2026-11-02 09:00:00\n"
    assert [post.post_id for post in posts(connector(tmp_path, longer, preset="reviews").read())][:4] == found


def test_numbered_posts_without_ids_are_named_by_thread_and_number(tmp_path: Path) -> None:
    content = FORUM.replace("post_id", "row").replace("\n1", "\nx").replace("\n2", "\ny")
    found = posts(connector(tmp_path, content).read())
    assert [(post.post_id, post.parent_post_id) for post in found[:3]] == [
        ("1/1", None),
        ("1/2", "1/1"),
        ("1/3", "1/2"),
    ]


def test_a_row_that_comes_again_is_skipped_and_one_that_changed_is_a_newer_version(tmp_path: Path) -> None:
    again = "10,1,Slow sync,1,,ana,2026-11-02T09:00:00Z,Sync takes minutes\n"
    changed = again.replace("minutes", "hours")
    items = list(connector(tmp_path, FORUM + again + changed + again).read())
    assert refusals(items) == [(6, "repeated")]
    versions = [
        (type(event), event.data.body, event.data.version) for event in events(items) if event.data.post_id == "10"
    ]
    first = versions[0][2]
    assert versions == [
        (PostCreated, "Sync takes minutes", first),
        (PostEdited, "Sync takes hours", first + 1),
        (PostEdited, "Sync takes minutes", first + 2),
    ]
    assert all(event.data.is_thread_start for event in events(items) if event.data.post_id == "10")


def test_the_time_of_the_edit_is_the_version_whatever_comes_first(tmp_path: Path) -> None:
    content = """post_id,author,created_at,edited_at,text
1,ana,2026-11-02T09:00:00Z,2026-11-02T10:00:00Z,new
1,ana,2026-11-02T09:00:00Z,,old
"""
    new, old = events(connector(tmp_path, content).read())
    assert isinstance(new, PostEdited)
    assert isinstance(old, PostCreated)
    assert new.data.version - old.data.version == 3_600_000
    assert new.time == new.data.edited_at == datetime(2026, 11, 2, 10, tzinfo=UTC)


def test_roles_come_from_the_community_file_then_from_the_row(tmp_path: Path) -> None:
    content = """author_id,username,role,created_at,text
1,ana,admin,2026-11-02,a
2,bot-7,member,2026-11-02,b
3,citra,,2026-11-02,c
4,dewi,Moderator,2026-11-02,d
5,eka,emperor,2026-11-02,e
"""
    source = SourceTable(staff=("citra",), bots=("bot-7", "1"))
    items = list(connector(tmp_path, content, source=source).read())
    assert [(post.author.id, post.author.display_name, post.author.role) for post in posts(items)] == [
        ("1", "ana", "bot"),
        ("2", "bot-7", "bot"),
        ("3", "citra", "staff"),
        ("4", "dewi", "moderator"),
    ]
    assert refusals(items) == [(6, "bad_role")]


def test_a_source_known_by_kind_needs_no_preset(tmp_path: Path) -> None:
    export = connector(tmp_path, REVIEWS, preset=None, source=SourceTable(kind="reviews"))
    assert export.mapping.preset is not None
    assert export.mapping.preset.name == "reviews"
    assert events(export.read())[0].source == "urn:community:reviews:kebun"


def test_a_kind_may_be_given(tmp_path: Path) -> None:
    export = connector(tmp_path, FORUM, kind="tracker")
    assert events(export.read())[0].source == "urn:community:tracker:kebun"


def test_only_a_half_open_time_is_read_and_the_rest_is_counted(tmp_path: Path) -> None:
    since, until = datetime(2026, 11, 2, 10, tzinfo=UTC), datetime(2026, 11, 3, 9, tzinfo=UTC)
    items = list(connector(tmp_path, FORUM, since=since, until=until).read())
    assert [(post.post_id, post.parent_post_id) for post in posts(items)] == [("11", "10"), ("12", "11")]
    assert [item for item in items if isinstance(item, SkippedRow)] == [
        SkippedRow(2, "outside", datetime(2026, 11, 2, 9, tzinfo=UTC)),
        SkippedRow(5, "outside", datetime(2026, 11, 3, 9, tzinfo=UTC)),
    ]
    assert len(posts(connector(tmp_path, FORUM).read(since))) == 3


BAD_ROWS = {
    "missing_time": "1,ana,,words",
    "bad_time": "1,ana,someday,words",
    "bad_time ": "1,ana,1970-01-02,words",
    "future_time": "1,ana,2026-11-24T12:00:01Z,words",
    "missing_time ": "1,ana, ,words",
    "missing_author": "1,,2026-11-02,words",
    "missing_author ": "1, ,2026-11-02,words",
    "body_too_long": "1,ana,2026-11-02," + "w" * 200_001,
    "breaks_contract": f"1,{'a' * 201},2026-11-02,words",
    "breaks_contract ": "1,a\0b,2026-11-02,words",
    "bad_csv": "1,ana,2026-11-02,words,more",
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_row_that_cannot_be_used_says_why_and_lets_the_others_through(tmp_path: Path, reason: str) -> None:
    content = f"id,author,created_at,text\n0,ana,2026-11-02,good\n{BAD_ROWS[reason]}\n2,ana,2026-11-24T11:59:59Z,good\n"
    items = list(connector(tmp_path, content).read())
    assert refusals(items) == [(3, reason.strip())]
    assert [post.post_id for post in posts(items)] == ["0", "2"]
    (refusal,) = (item for item in items if isinstance(item, RejectedRow))
    assert "words" not in refusal.detail
    assert "ana" not in refusal.detail


def test_words_that_are_short_but_large_as_json_are_refused_before_kafka_does(tmp_path: Path) -> None:
    content = "id,author,created_at,text\n1,ana,2026-11-02," + "\x01" * 190_000 + "\n2,ana,2026-11-02," + "🌱" * 200_000
    items = list(connector(tmp_path, content).read())
    assert refusals(items) == [(2, "body_too_long")]
    assert len(posts(items)[0].body) == 200_000


def test_blanks_around_ids_make_nobody_another_person(tmp_path: Path) -> None:
    content = "id,topic_id,author,created_at,text\n 1 , 7,ana , 2026-11-02 ,a\n2,7 ,ana,2026-11-02,b\n"
    first, second = posts(connector(tmp_path, content).read())
    assert (first.post_id, first.thread_id, first.author.id) == ("1", "7", "ana")
    assert (second.thread_id, second.author.id) == ("7", "ana")


def test_long_ids_are_cut_and_stay_apart(tmp_path: Path) -> None:
    lines = [{"id": f"{'x' * 300}{n}", "author": "a", "created_at": "2026-11-02", "text": "t"} for n in range(2)]
    found = posts(connector(tmp_path, "\n".join(json.dumps(line) for line in lines), form="jsonl").read())
    assert len({post.post_id for post in found}) == 2
    assert all(len(post.post_id) <= 200 for post in found)


@pytest.mark.parametrize(
    ("column", "body", "html", "expected"),
    [
        ("text", "<p>Halo <b>dunia</b></p>", None, "html"),
        ("text", "a < b and c > d", None, "text"),
        ("text", "plain", True, "html"),
        ("text", "<p>shown as typed</p>", False, "text"),
        ("raw", "*halo*", None, "markdown"),
    ],
)
def test_markup_is_seen_or_told(tmp_path: Path, column: str, body: str, html: bool | None, expected: str) -> None:
    content = f"id,author,created_at,{column}\n1,ana,2026-11-02,{body}\n"
    export = connector(tmp_path, content, html=html)
    assert posts(export.read())[0].body_format == expected
    assert any(expected in note for note in export.notes) == (expected != "text")


def test_the_same_words_for_every_row_and_tags(tmp_path: Path) -> None:
    content = "id,author,created_at,text,tags\n1,ana,2026-11-02,halo,a; b|c\n"
    (post,) = posts(connector(tmp_path, content, choices=["lang==id", "category==app"]).read())
    assert (post.lang, post.category, post.tags) == ("id", "app", ("a", "b", "c"))


def test_what_was_decided_is_said(tmp_path: Path) -> None:
    said = " ".join(connector(tmp_path, CHAT, preset="chat", zone="Asia/Jakarta").notes)
    assert "Asia/Jakarta" in said
    assert "ids are made" in said
    said = " ".join(connector(tmp_path, REVIEWS.replace("userName", "x"), preset="reviews").notes)
    assert "a person of its own" in said
    assert "Asia" not in " ".join(connector(tmp_path, FORUM, zone="Asia/Jakarta").notes)


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    export = connector(tmp_path, FORUM)
    assert export.share_read == 0.0
    shares = [export.share_read for _ in export.read()]
    assert shares[-1] == 1.0
    assert export.share_read == 1.0  # also while what was read last is on its way
    assert export.step == "reading"
