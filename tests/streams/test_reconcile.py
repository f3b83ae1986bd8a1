"""Counts from the files to `core`: each kind of difference is planted once, and each must be told from the others."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from kernel.settings import KafkaSettings
from streams import reconcile
from streams.broker import Producer
from streams.events import Author, Event, Maker, MemberErased, PostCreated, PostState, encode
from streams.reconcile import Count
from tests.streams.conftest import Stream
from tests.streams.histories import town

MAKER = Maker(kind="forum", instance="town")
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def post(number: int, member: str = "ana") -> Event:
    state = PostState(
        post_id=f"p{number}", version=1, thread_id="t1", author=Author(id=member), created_at=AT, body=f"words {number}"
    )
    return MAKER.post(PostCreated, state, at=AT)


@pytest.fixture
def counted(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A stream of its own that is what is reconciled."""
    monkeypatch.setattr(reconcile, "INGESTED", stream.topics)
    return stream


def count(stream: Stream, **spooled: int) -> list[Count]:
    oldest = datetime.now(UTC) - timedelta(days=90)
    return reconcile.reconcile(stream.engine, stream.settings, oldest=oldest, spooled=spooled)


def of_log(counts: list[Count]) -> dict[str, int]:
    """Add up what the lines of the log say."""
    lines = [one for one in counts if one.step == "log"]
    reasons: dict[str, int] = {"found": sum(one.found or 0 for one in lines)}
    reasons["expected"] = sum(one.expected or 0 for one in lines)
    reasons["unexplained"] = sum(one.unexplained for one in lines)
    for one in lines:
        for reason, number in one.explained.items():
            reasons[reason] = reasons.get(reason, 0) + number
    return reasons


def execute(engine: Engine, statement: str, role: str = "suara_owner") -> None:
    with engine.begin() as connection:
        connection.execute(text(f"set local role {role}"))
        connection.execute(text(statement))


def test_counts_of_a_whole_history_meet_and_refused_records_are_explained(counted: Stream) -> None:
    events = town(seed=3, changes=200)
    counted.send(*events, b"not an event", None)
    counted.drain()
    counts = count(counted)
    assert of_log(counts) == {
        "found": len(events) + 2, "expected": len(events) + 2, "unexplained": 0, "refused": 2,
    }  # fmt: skip
    core = {one.what.split(": ")[1]: one for one in counts if one.step == "core"}
    assert {"posts", "versions of posts", "threads", "members", "reactions"} <= core.keys()
    assert all(one.found == one.expected and one.unexplained == 0 for one in core.values())
    assert core["posts"].expected == counted.scalar("select count(*) from core.post")


def test_what_the_sink_has_not_read_is_waiting_and_no_difference(counted: Stream) -> None:
    counted.send(post(1), post(2))
    counts = count(counted)
    assert of_log(counts) == {"found": 0, "expected": 0, "unexplained": 0, "waiting": 2}
    assert {one.next_step for one in counts if one.explained} == {"suara sink --until-idle"}


def test_a_record_lost_from_the_archive_is_named_with_the_command_that_brings_it_back(counted: Stream) -> None:
    counted.send(*map(post, range(5)))
    counted.drain()
    execute(counted.engine, "delete from raw.event where kafka_offset in (1, 2)", "suara_privacy")
    (line,) = [one for one in count(counted) if one.unexplained]
    assert (line.found, line.expected, line.unexplained) == (3, 5, 2)
    part = line.what.rpartition("/")[2]
    assert line.next_step == f"Offsets 1-2: suara replay --topic {counted.posts} --from {part}:1 --to {part}:3"


def test_records_of_forgotten_members_are_told_from_lost_ones(counted: Stream) -> None:
    counted.send(post(1, "budi"))
    counted.drain()
    with Producer(counted.settings) as producer:
        erased = MAKER.erased(MemberErased(member_id="ana", requested_at=AT))
        producer.send(counted.topics[2], key=b"k", value=encode(erased))
    counted.drain()
    counted.send(post(2), post(3), post(4, "budi"))
    counted.drain()
    found = of_log(count(counted))
    assert (found["of forgotten members"], found["unexplained"]) == (2, 0)
    execute(counted.engine, "delete from raw.event where payload like '%words 4%'", "suara_privacy")
    found = of_log(count(counted))
    assert (found["of forgotten members"], found["unexplained"]) == (2, 1)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("update core.post set version = 0 where external_id = 'p1'", "posts"),
        ("delete from core.post_revision where external_id = 'p2'", "versions of posts"),
    ],
)
def test_objects_that_core_lacks_are_counted_by_kind(counted: Stream, statement: str, kind: str) -> None:
    counted.send(post(1), post(2))
    counted.drain()
    execute(counted.engine, statement)
    (line,) = [one for one in count(counted) if one.unexplained]
    assert (line.step, line.what, line.found, line.expected) == ("core", f"town: {kind}", 1, 2)


def test_words_with_a_nul_do_not_stop_the_count(counted: Stream) -> None:
    value = encode(post(1)).replace(b"words 1", rb"words\u0000 \\u0000")
    counted.send(value)
    counted.drain()
    assert not [one for one in count(counted) if one.unexplained]


def test_rows_of_imports_that_do_not_add_up_and_events_that_never_arrived_are_named(counted: Stream) -> None:
    counted.send(post(1), post(2))
    counted.drain()
    execute(
        counted.engine,
        "insert into ops.import_run (source, file_name, file_sha256, mapping, rows_read, rows_sent, rows_rejected, "
        "started_at, finished_at) values ('town', 'f', 'h', 'm', 5, 3, 1, now(), now())",
    )
    lines = {one.step: one for one in count(counted) if one.step in ("import", "sent")}
    assert (lines["import"].found, lines["import"].expected, lines["import"].unexplained) == (4, 5, 1)
    assert (lines["sent"].found, lines["sent"].expected, lines["sent"].unexplained) == (2, 3, 1)
    (line,) = [one for one in count(counted, town=1, village=5) if one.step == "sent"]
    assert (line.found, line.explained["in the spool"], line.unexplained) == (2, 1, 0)
    assert line.next_step == "suara spool send"


def test_without_kafka_the_log_is_unknown_not_empty(counted: Stream) -> None:
    counted.send(post(1))
    counted.drain()
    away = KafkaSettings(bootstrap_servers="127.0.0.1:1", group=counted.settings.group)
    lines = [
        one
        for one in reconcile.reconcile(counted.engine, away, oldest=datetime.now(UTC) - timedelta(days=90))
        if one.step == "log"
    ]
    assert lines
    assert all((one.found, one.expected, one.unknown) == (None, None, ["Kafka does not answer"]) for one in lines)


def test_offsets_that_left_the_log_are_said_to_be_unknown(counted: Stream) -> None:
    counted.send(*map(post, range(4)))
    counted.drain()
    counted.cut(3)
    (line,) = [one for one in count(counted) if one.unknown]
    assert (line.found, line.expected, line.unexplained) == (1, 1, 0)
    assert re.search("3 offsets left the log; 3 are archived, 0 were refused", line.unknown[0])


def test_records_that_left_the_log_unread_are_unexplained(counted: Stream) -> None:
    counted.send(*map(post, range(4)))
    counted.drain()
    counted.send(*map(post, range(4, 8)))
    place = counted.cut(6)
    (line,) = [one for one in count(counted) if one.unexplained]
    assert (line.what, line.unexplained) == (f"{place.topic}/{place.partition}", 2)
    assert line.next_step == "They left the log unread. Import them again from their source."
