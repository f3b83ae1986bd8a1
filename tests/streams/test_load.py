"""Events into tables: healing by version, offsets by compare-and-set, and what only PostgreSQL refuses."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from kernel.errors import TopicRecreatedError
from streams.broker import Place
from streams.events import (
    Author,
    Event,
    Maker,
    MemberErased,
    MemberState,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostRef,
    PostRestored,
    PostState,
    Reaction,
    ReactionAdded,
    ReactionRemoved,
    ThreadState,
)
from streams.load import Loader, find_culprits
from tests.streams.conftest import Log
from tests.streams.histories import START, arrivals_of, histories
from tests.streams.reducer import read_core, reduce
from warehouse.engine import connect

HOUR = timedelta(hours=1)
MAKER = Maker(kind="forum", instance="village")
_numbers = count(1)


def post(version: int, kind: Any = PostCreated, *, hours: int | None = None, **changes: Any) -> Event:
    """Return a change of post p1, at an hour that follows its version."""
    at = START + HOUR * (version if hours is None else hours)
    state: dict[str, Any] = {
        "post_id": "p1", "thread_id": "t1", "author": Author(id="ana"), "created_at": START, "body": f"words {version}",
    }  # fmt: skip
    state |= {"version": version} | changes
    if kind is PostDeleted:
        return MAKER.deleted(
            PostRef(**{name: state[name] for name in PostRef.__struct_fields__ if name in state}), at=at
        )
    return MAKER.post(kind, PostState(**state), at=at)


def reaction(version: int, kind: Any = ReactionAdded) -> Event:
    """Return a change of ana's like of post p1."""
    state = Reaction(post_id="p1", thread_id="t1", member=Author(id="budi"), kind="like", version=version)
    return MAKER.reaction(kind, state, at=START + HOUR * version)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_any_order_repetition_and_cut_of_a_history_gives_the_same_warehouse(
    drawn: st.DataObject, engine: Engine, log: Log
) -> None:
    source = f"village{next(_numbers)}"
    history = drawn.draw(histories(instance=source))
    for batch in drawn.draw(arrivals_of(history)):
        log.load(batch)
    with engine.connect() as connection:
        expected, found = reduce(history), read_core(connection, source)
    for table, content in expected.items():
        assert found[table] == content, table


def test_every_account_is_a_person_of_its_own(engine: Engine, log: Log) -> None:
    log.load([post(1), reaction(1)])
    log.load([post(2, PostEdited), MAKER.member(MemberState(member_id="citra", version=1), at=START)])
    links = rows(engine, "select m.external_id, l.reason, l.confidence, l.actor, p.founding_member_id = m.member_id "
                         "from core.member m join core.identity_link l using (member_id) "
                         "join core.person p using (person_id) order by 1")  # fmt: skip
    assert links == [(name, "own", 1.0, "sink", True) for name in ("ana", "budi", "citra")]


def test_deleted_before_created_stays_deleted_and_without_words(engine: Engine, log: Log) -> None:
    log.load([post(2, PostDeleted)])
    log.load([post(1)])
    assert rows(engine, "select status, version, body from core.post") == [("deleted", 2, None)]
    assert rows(engine, "select version, body from core.post_revision order by 1") == [(1, "words 1"), (2, None)]


def test_a_source_of_unknown_kind_takes_the_first_that_is_known(engine: Engine, log: Log) -> None:
    state = PostState(post_id="p", thread_id="t", author=Author(id="ana"), version=1, created_at=START, body="words")
    for kind in ("other", "chat", "other", "forum"):
        log.load([Maker(kind=kind, instance="somewhere").post(PostCreated, state, at=START)])  # type: ignore[arg-type]
        assert rows(engine, "select kind from core.source where name = 'somewhere'") == [
            ("other" if kind == "other" and log.end == 1 else "chat",)
        ]


def test_restored_posts_live_again(engine: Engine, log: Log) -> None:
    for event in (post(3, PostRestored), post(2, PostDeleted), post(1)):
        log.load([event])
    assert rows(engine, "select status, version, body from core.post") == [("live", 3, "words 3")]


def test_a_reaction_may_come_before_its_post_and_its_removal_before_itself(engine: Engine, log: Log) -> None:
    log.load([reaction(2, ReactionRemoved)])
    assert rows(engine, "select reacted_at, removed_at from core.reaction") == [(None, START + 2 * HOUR)]
    log.load([reaction(1), post(1)])
    assert rows(engine, "select reacted_at, removed_at from core.reaction") == [(START + HOUR, START + 2 * HOUR)]


def test_a_thread_is_called_as_the_newest_event_that_names_it_says(engine: Engine, log: Log) -> None:
    renamed = MAKER.thread(
        ThreadState(thread_id="t1", version=1, title="Renamed", status="solved"), at=START + 5 * HOUR
    )
    log.load([renamed])
    log.load([post(1, thread_title="First name", is_thread_start=True), post(9, PostEdited)])
    assert rows(engine, "select title, status from core.thread") == [("Renamed", "solved")]


def test_what_an_account_says_of_itself_wins_over_what_posts_say(engine: Engine, log: Log) -> None:
    told = MAKER.member(MemberState(member_id="ana", version=1, display_name="Ana M.", role="moderator"), at=START)
    log.load([post(1, author=Author(id="ana", display_name="Ana", role="staff"))])
    assert rows(engine, "select display_name, role from core.member") == [("Ana", "staff")]
    log.load([told])
    log.load([post(2, PostEdited, author=Author(id="ana", display_name="Somebody"))])
    assert rows(engine, "select display_name, role from core.member") == [("Ana M.", "moderator")]


def test_a_bare_id_does_not_take_a_role_away(engine: Engine, log: Log) -> None:
    log.load([post(1, author=Author(id="budi", role="staff"))])
    log.load([reaction(5)])
    assert rows(engine, "select role, seen_at from core.member") == [("staff", START + 5 * HOUR)]


def test_a_bot_that_was_taken_for_a_member_is_one_after_a_second_import(engine: Engine, log: Log) -> None:
    for role in ("member", "bot", "member"):
        log.load([post(1, author=Author(id="helper", display_name="Helper", role=role))])
    assert rows(engine, "select role from core.member") == [("bot",)]


def test_a_moved_post_is_in_its_new_thread_whatever_comes_late(engine: Engine, log: Log) -> None:
    log.load([post(2, PostEdited, thread_id="t2")])
    log.load([post(1, thread_id="t1")])
    assert rows(engine, "select t.external_id from core.post join core.thread t using (thread_id)") == [("t2",)]
    assert rows(engine, "select external_id from core.thread order by 1") == [("t1",), ("t2",)]


def test_a_post_counts_as_changed_only_when_its_state_changes(engine: Engine, log: Log) -> None:
    changed = "select changed_at from core.post"
    log.load([post(2, PostEdited)])
    first = rows(engine, changed)
    log.load([post(1), post(2, PostEdited)])
    assert rows(engine, changed) == first
    log.load([post(3, PostEdited)])
    assert rows(engine, changed) > first


def test_the_same_batch_again_writes_nothing(engine: Engine, log: Log) -> None:
    assert log.load([post(1), post(2, PostEdited)]).loaded == 2
    again = log.load([post(1), post(2, PostEdited)], at=0)
    assert (again.loaded, again.duplicates) == (0, 2)
    assert rows(engine, "select kafka_offset from raw.event order by 1") == [(0,), (1,)]


def test_of_a_batch_that_overlaps_only_the_news_is_written(engine: Engine, log: Log) -> None:
    log.load([post(1), post(2, PostEdited)])
    overlapping = log.load([post(2, PostEdited), post(3, PostEdited)], at=1)
    assert (overlapping.loaded, overlapping.duplicates) == (1, 1)
    assert rows(engine, "select next_offset, owner from raw.ingest_offset") == [(3, "test")]


def test_no_plan_outlives_its_batch(log: Log) -> None:
    """One made while the warehouse is empty would make each later batch read all of it, some 20 times slower."""
    for version in range(12):
        log.load([post(version)])
    assert log.loader._driver.execute("select name from pg_prepared_statements").fetchall() == []


def test_a_gap_is_left_out_and_named_until_it_is_accepted(engine: Engine, log: Log) -> None:
    log.load([post(1)])
    outcome = log.load([post(3, PostEdited)], at=2)
    assert (outcome.loaded, outcome.duplicates, outcome.gaps) == (0, 0, {log.place: 1})
    assert rows(engine, "select next_offset from raw.ingest_offset") == [(1,)]
    assert log.load([post(3, PostEdited)], at=2, accept_gaps=frozenset([log.place])).loaded == 1


def test_a_log_with_another_id_is_refused_and_nothing_is_written(engine: Engine, log: Log) -> None:
    log.load([post(1)])
    log.topic_id = uuid4()
    with pytest.raises(TopicRecreatedError, match=r"delete from raw\.ingest_offset where topic in"):
        log.load([post(2, PostEdited)])
    assert rows(engine, "select version from core.post") == [(1,)]


def test_offsets_that_were_set_back_do_no_harm(engine: Engine, warehouse_url: str, log: Log) -> None:
    log.load([post(1), post(2, PostEdited)])
    with engine.begin() as connection:
        connection.execute(text("update raw.ingest_offset set next_offset = 0"))
    assert log.load([post(1), post(2, PostEdited), post(3, PostEdited)], at=0).loaded == 3
    assert rows(engine, "select kafka_offset from raw.event order by 1") == [(0,), (1,), (2,)]


def test_the_archive_keeps_the_event_as_it_arrived(engine: Engine, log: Log) -> None:
    event = post(1, body='tab\t quote" backslash\\ \U0001f600')
    log.load([event])
    ((payload, kind),) = rows(engine, "select payload, type from raw.event")
    assert msgspec.json.decode(payload, type=PostCreated) == event
    assert kind == "community.post.created.v1"


def test_words_of_a_forgotten_member_leave_and_never_come_back(engine: Engine, log: Log) -> None:
    log.load([post(1, author=Author(id="ana", display_name="Ana")), post(7, post_id="p2", author=Author(id="budi"))])
    log.load([MAKER.erased(MemberErased(member_id="ana", requested_at=START + 9 * HOUR))])
    late = log.load([post(2, PostEdited), post(1, post_id="p3"), reaction(4)])
    assert (late.loaded, late.forgotten) == (1, 2)
    assert rows(engine, "select external_id, status, body from core.post order by 1") == [
        ("p1", "erased", None), ("p2", "live", "words 7"),
    ]  # fmt: skip
    assert rows(engine, "select body from core.post_revision where external_id <> 'p2'") == [(None,)]
    assert rows(engine, "select display_name, erased_at from core.member where external_id = 'ana'") == [
        (None, START + 9 * HOUR)
    ]
    assert not rows(engine, "select from raw.event where payload like '%words 2%'")


def test_titles_of_threads_that_a_forgotten_member_opened_leave(engine: Engine, log: Log) -> None:
    log.load([
        post(1, title="My name is Ana", is_thread_start=True),
        post(2, post_id="p2", thread_id="t2", author=Author(id="budi"), title="Budi", is_thread_start=True),
        post(3, post_id="p3", thread_id="t2"),
    ])  # fmt: skip
    log.load([MAKER.erased(MemberErased(member_id="ana", requested_at=START))])
    assert rows(engine, "select external_id, title from core.thread order by 1") == [("t1", None), ("t2", "Budi")]


def test_why_people_decided_about_posts_of_a_forgotten_member_leaves(
    engine: Engine, log: Log, warehouse_url: str
) -> None:
    log.load([post(1), post(2, post_id="p2", author=Author(id="budi"))])
    pipeline = connect(warehouse_url, role="pipeline")
    decide = "insert into core.duplicate_event (post_id, kind, actor, reason) select post_id, 'split', 'Rina', body"
    with pipeline.begin() as connection:
        connection.execute(text(f"{decide} from core.post"))
    log.load([MAKER.erased(MemberErased(member_id="ana", requested_at=START))])
    kept = (
        "select p.external_id, e.kind, e.actor, e.reason from core.duplicate_event e join core.post p using (post_id)"
    )
    assert sorted(rows(pipeline, kept)) == [("p1", "split", "Rina", None), ("p2", "split", "Rina", "words 2")]
    pipeline.dispose()


def test_words_stay_away_when_another_sink_forgets_their_member_meanwhile(engine: Engine, log: Log) -> None:
    log.load([post(1)])
    other = Log(Loader(engine, group="sinks", owner="other"), place=Place("posts", 1), topic_id=log.topic_id)
    erasure = log.batch([MAKER.erased(MemberErased(member_id="ana", requested_at=START))])
    with ThreadPoolExecutor(1) as thread:
        with log.loader._driver.transaction():
            log.loader.load(erasure)
            late = thread.submit(other.load, [post(2, PostEdited), post(1, post_id="p2")])
            until_locked(engine)
        assert (late.result().loaded, late.result().forgotten) == (0, 2)
    other.loader.close()
    assert rows(engine, "select external_id, status, body from core.post") == [("p1", "erased", None)]


def until_locked(engine: Engine) -> None:
    """Wait until a connection of this database waits for another's lock."""
    waiting = (
        "select from pg_locks l join pg_stat_activity a using (pid) where not granted and datname = current_database()"
    )
    deadline = time.monotonic() + 30
    while not rows(engine, waiting):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)


def test_an_erasure_and_its_members_events_in_one_batch(engine: Engine, log: Log) -> None:
    erased = MAKER.erased(MemberErased(member_id="ana", requested_at=START))
    outcome = log.load([post(1), erased, reaction(1)])
    assert (outcome.loaded, outcome.forgotten) == (2, 1)
    assert not rows(engine, "select from core.post")


def unindexable(number: int) -> Event:
    """Return an event that the contract allows and PostgreSQL refuses: its id is too long for an index."""
    wide = "".join(chr(0x20000 + (number * 1009 + i * 7919) % 40_000) for i in range(1000))
    return msgspec.structs.replace(post(number + 10, post_id=f"wide{number}"), id=wide)


def test_only_the_events_that_postgresql_refuses_are_found_guilty(engine: Engine, log: Log) -> None:
    events = [post(1, post_id=f"p{number}") for number in range(40)]
    events[7:7], events[30:30] = [unindexable(1)], [unindexable(2)]
    batch = log.batch(events)
    culprits = list(find_culprits(log.loader, batch.arrivals))
    assert [arrival.record.offset for arrival, _ in culprits] == [7, 30]
    assert {type(error).__name__ for _, error in culprits} == {"ProgramLimitExceeded"}
    assert not rows(engine, "select from core.post")


def test_two_loaders_share_a_log_without_doubling(engine: Engine, log: Log) -> None:
    other = Loader(engine, group="sinks", owner="other")
    first = log.batch([post(1)])
    assert log.loader.load(first).loaded == 1
    assert other.load(first).duplicates == 1
    second = log.batch([post(2, PostEdited)])
    assert other.load(second).loaded == 1
    assert log.loader.load(second).duplicates == 1
    other.close()
