"""What a dead letter tells, and what it never tells."""

from __future__ import annotations

import psycopg
import pytest

from streams.broker import MAX_RECORD_BYTES
from streams.deadletters import Refusal, attempt_of, headers_of
from streams.decode import Rejection, decode
from streams.load import explain
from tests.streams.conftest import NOW, Sent


def refusal(record: Sent) -> Refusal:
    found = decode(record.value, record_ts=NOW)
    assert isinstance(found, Rejection)
    return Refusal(record, NOW, found, NOW)


def test_the_names_are_those_of_kafka_connect() -> None:
    headers = headers_of(refusal(Sent(b"[]", 41, "posts", 7)))
    connect = {name.removeprefix("__connect.errors."): value for name, value in headers.items() if name[0] == "_"}
    assert connect == {
        "topic": "posts",
        "partition": "7",
        "offset": "41",
        "connector.name": "suara-sink",
        "task.id": "0",
        "stage": "validate",
        "class.name": "streams.decode",
        "exception.class.name": "wrong_type",
        "exception.message": "$: Expected `object`, got `array`",
    }
    assert headers["x-suara-first-failed-at"] == NOW.isoformat()


def test_a_second_failure_counts_on_and_keeps_the_first_time() -> None:
    first = "2026-11-01T00:00:00+00:00"
    again = Sent(b"[]", headers=[("x-suara-attempt", b"2"), ("x-suara-first-failed-at", first.encode())])
    headers = headers_of(refusal(again))
    assert (headers["x-suara-attempt"], headers["x-suara-first-failed-at"]) == ("3", first)


@pytest.mark.parametrize("before", [b"", b"many", b"-1", b"\xff", b"9" * 400])
def test_a_header_that_makes_no_sense_counts_as_none(before: bytes) -> None:
    record = Sent(b"[]", headers=[("x-suara-attempt", before), ("x-suara-first-failed-at", before)])
    assert attempt_of(record) == 1
    assert headers_of(refusal(record))["x-suara-first-failed-at"] == NOW.isoformat()


def test_what_was_cut_or_never_there_is_said() -> None:
    assert headers_of(refusal(Sent(None)))["x-suara-null-value"] == "true"
    assert headers_of(refusal(Sent(b" " * (MAX_RECORD_BYTES + 1))))["x-suara-cut-from-bytes"] == "1048577"


@pytest.mark.parametrize(
    ("statement", "reason", "detail"),
    [
        ("select 'my secret'::int", "invalid_text_representation", "sqlstate 22P02"),
        ("select 'my secret'::timestamptz", "invalid_datetime_format", "sqlstate 22007"),
        ("create temp table t (secret text check (secret <> 'my secret')); insert into t values ('my secret')",
         "check_violation", 'sqlstate 23514: new row for relation "t" violates check constraint "t_secret_check"'),
    ],
)  # fmt: skip
def test_words_of_a_row_are_never_in_the_reason(postgres_url: str, statement: str, reason: str, detail: str) -> None:
    with psycopg.connect(postgres_url) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(statement)
    assert explain(caught.value) == Rejection("load", reason, detail)


def test_what_never_reached_postgresql_has_a_reason_too() -> None:
    assert explain(UnicodeEncodeError("utf-8", "secret", 0, 1, "why")) == Rejection("load", "unicode_encode_error")
