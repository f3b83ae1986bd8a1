"""Whatever the bytes are: an event, or a typed reason that tells nothing of what was in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.broker import MAX_RECORD_BYTES
from streams.decode import INSTANTS, Rejection, decode
from streams.events import EVENT_TYPES, Author, Maker, MemberState, PostCreated, PostState, encode

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "sandi-rahasia-8412"  # stands in values, and must never come out in a reason
MAKER = Maker(kind="forum", instance="village")
EVENT = MAKER.post(
    PostCreated,
    PostState(
        post_id="p1", thread_id="t1", author=Author(id="ana", display_name="Ana"), version=1, created_at=NOW,
        body=SECRET, tags=("a",), reaction_counts={"like": 1},
    ),
    at=NOW,
)  # fmt: skip
VALUE = encode(EVENT)


def changed(**changes: Any) -> bytes:
    """Return the event with attributes changed; `data_x` changes x inside its data, ... takes it out."""
    event = json.loads(VALUE)
    for name, value in changes.items():
        target, key = (event["data"], name.removeprefix("data_")) if name.startswith("data_") else (event, name)
        if value is ...:
            del target[key]
        else:
            target[key] = value
    return json.dumps(event).encode()


def replaced(old: bytes, new: bytes) -> bytes:
    assert old in VALUE
    return VALUE.replace(old, new)


BODY = f'"body":"{SECRET}"'.encode()

POISON: dict[str, tuple[bytes | None, str, str]] = {
    "no value": (None, "decode", "null_value"),
    "empty": (b"", "decode", "empty_value"),
    "ten megabytes": (VALUE + b" " * 10_000_000, "size", "too_large"),
    "a byte too many": (VALUE + b" " * (MAX_RECORD_BYTES + 1 - len(VALUE)), "size", "too_large"),
    "not UTF-8": (replaced(SECRET.encode(), b"\xff\xfe"), "decode", "invalid_utf8"),
    "not UTF-8 where nobody looks": (replaced(BODY, BODY + b',"zzz":"\xff"'), "decode", "invalid_utf8"),
    "byte order mark": (b"\xef\xbb\xbf" + VALUE, "decode", "byte_order_mark"),
    "nested 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, "decode", "too_deep"),
    "nested 100,000 deep where nobody looks": (
        replaced(BODY, BODY + b',"zzz":' + b"[" * 100_000 + b"]" * 100_000), "decode", "too_deep",
    ),
    "a megabyte of quotes that nothing ends": (b'{"id":"' + b'\\"' * 400_000 + b"[]" * 99, "decode", "truncated"),
    "brackets in words that nothing ends": (b'{"id":"' + b'\\"[' * 99, "decode", "truncated"),
    "not JSON": (f"{SECRET} says hello".encode(), "decode", "malformed_json"),
    "cut off": (VALUE[:-3], "decode", "truncated"),
    "two events in one": (VALUE + VALUE, "decode", "malformed_json"),
    "raw NUL": (replaced(SECRET.encode(), b"a\x00b"), "decode", "malformed_json"),
    "NaN": (replaced(b'"version":1', b'"version":NaN'), "decode", "malformed_json"),
    "lone surrogate in the body": (replaced(SECRET.encode(), b"\\ud800"), "decode", "lone_surrogate"),
    "lone surrogate in an id": (replaced(b'"post_id":"p1"', b'"post_id":"\\udc00"'), "decode", "lone_surrogate"),
    "an array": (b"[]", "validate", "wrong_type"),
    "null": (b"null", "validate", "wrong_type"),
    "no id": (changed(id=...), "validate", "missing_field"),
    "no type": (changed(type=...), "validate", "missing_field"),
    "no body": (changed(data_body=...), "validate", "missing_field"),
    "unknown type": (changed(type=f"community.{SECRET}.v9"), "validate", "unknown_type"),
    "type is a number": (changed(type=5), "validate", "wrong_type"),
    "data of another type": (changed(type="community.member.updated.v1"), "validate", "missing_field"),
    "other CloudEvents": (changed(specversion="0.3"), "validate", "unknown_value"),
    "unknown role": (changed(data_author={"id": "ana", "role": SECRET}), "validate", "unknown_value"),
    "number in quotes": (changed(data_version="5"), "validate", "wrong_type"),
    "true for a number": (changed(data_version=True), "validate", "wrong_type"),
    "negative version": (changed(data_version=-1), "validate", "out_of_range"),
    "2 to the 63": (changed(data_version=2**63), "validate", "out_of_range"),
    "2 to the 70": (changed(data_version=2**70), "validate", "out_of_range"),
    "5,000 digits": (replaced(b'"version":1', b'"version":' + b"9" * 5000), "validate", "out_of_range"),
    "id of 300 characters": (changed(data_post_id="x" * 300), "validate", "out_of_range"),
    "empty id": (changed(data_post_id=""), "validate", "out_of_range"),
    "body of 200,001 characters": (changed(data_body="x" * 200_001), "validate", "out_of_range"),
    "source of another kind": (changed(source=f"https://example.org/{SECRET}"), "validate", "out_of_range"),
    "source with a line feed": (changed(source="urn:community:forum:village\n"), "validate", "out_of_range"),
    "count that is a word": (changed(data_reaction_counts={SECRET: SECRET}), "validate", "wrong_type"),
    "time without a zone": (changed(time="2026-11-23T12:00:00"), "validate", "naive_time"),
    "time in words": (changed(time=f"yesterday {SECRET}"), "validate", "invalid_time"),
    "leap second": (changed(time="2016-12-31T23:59:60Z"), "validate", "invalid_time"),
    "year 2099": (changed(time="2099-01-01T00:00:00Z"), "validate", "time_in_future"),
    "year 1": (changed(time="0001-01-01T00:00:00+14:00"), "validate", "time_too_old"),
    "written in 9999": (changed(data_created_at="9999-12-31T23:59:59-14:00"), "validate", "time_in_future"),
    "written in 1989": (changed(data_created_at="1989-12-31T23:59:59Z"), "validate", "time_too_old"),
    "edited in 2099": (changed(data_edited_at="2099-01-01T00:00:00Z"), "validate", "time_in_future"),
    "NUL in an id": (changed(data_post_id="p\0001"), "validate", "nul_in_id"),
    "NUL in the author's id": (changed(data_author={"id": "a\0"}), "validate", "nul_in_id"),
    "NUL in the event's id": (changed(id="\0"), "validate", "nul_in_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", POISON)
def test_poison_is_refused_with_its_reason(name: str) -> None:
    value, stage, reason = POISON[name]
    found = decode(value, record_ts=NOW)
    assert isinstance(found, Rejection)
    assert (found.stage, found.reason) == (stage, reason)
    assert SECRET not in f"{found}"


STRANGE = {
    "emoji, right to left, joiners": changed(data_body="\U0001f468\u200d\U0001f469\u200d\U0001f467 \u202e\u05d0"),
    "fields that we do not know": changed(extension="x", data_colour="red"),
    "same key twice": replaced(b'"version":1', b'"version":9,"version":1'),
    "white space around": b" \n" + VALUE + b"\t ",
    "many brackets in words": changed(data_body="[{" * 5000),
    "a day ahead": changed(time=(NOW + timedelta(hours=24)).isoformat()),
    "the first of January 1990": changed(data_created_at="1990-01-01T00:00:00Z"),
    "nanoseconds": changed(time="2026-11-23T11:59:59.123456789+07:00"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_but_right_is_accepted(name: str) -> None:
    assert isinstance(decode(STRANGE[name], record_ts=NOW), PostCreated)


def test_nul_in_words_becomes_the_replacement_character() -> None:
    value = changed(data_body="a\0b", data_tags=["x\0"], data_reaction_counts={"\0": 2}, data_title="\\u0000")
    event = decode(value, record_ts=NOW)
    assert isinstance(event, PostCreated)
    assert (event.data.body, event.data.tags, event.data.reaction_counts) == ("a\ufffdb", ("x\ufffd",), {"\ufffd": 2})
    assert event.data.title == "\\u0000"
    named = MAKER.member(MemberState(member_id="ana", version=1, display_name="A\0"), at=NOW)
    assert decode(encode(named), record_ts=NOW).data.display_name == "A\ufffd"  # type: ignore[union-attr]


def test_every_instant_of_the_contract_is_bounded() -> None:
    for kind in EVENT_TYPES:
        model = get_type_hints(kind)["data"]
        hints = get_type_hints(model)
        instants = {name for name, hint in hints.items() if datetime in (hint, *get_args(hint))}
        assert instants == set(INSTANTS.get(model, ())), model


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=400))
def test_no_bytes_raise(value: bytes) -> None:
    assert isinstance(decode(value, record_ts=NOW), Rejection)


@given(st.lists(st.tuples(st.integers(0, len(VALUE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_broken_event_raises(flips: list[tuple[int, int]]) -> None:
    value = bytearray(VALUE)
    for place, byte in flips:
        value[place] = byte
    decode(bytes(value), record_ts=NOW)


@given(st.sampled_from(sorted(json.loads(VALUE)) + [f"data_{name}" for name in json.loads(VALUE)["data"]]), json_values)
def test_no_value_in_any_place_raises(name: str, value: Any) -> None:
    found = decode(changed(**{name: value}), record_ts=NOW)
    if not isinstance(found, Rejection):
        msgspec.json.encode(found).decode()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_words_arrive_as_they_were_written(body: str) -> None:
    event = decode(changed(data_body=body), record_ts=NOW)
    assert isinstance(event, PostCreated)
    assert event.data.body == body.replace("\0", "\ufffd")
