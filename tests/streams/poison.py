"""Every kind of bad or strange record that we know of, each with what must become of it.

`python -m tests.streams.poison` writes the page that documents them, `docs/reference/bad-records.md`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from streams.broker import MAX_RECORD_BYTES, Header
from streams.events import (
    Author,
    Maker,
    MemberErased,
    PostCreated,
    PostState,
    Reaction,
    ReactionAdded,
    ThreadState,
    encode,
)
from tests.streams.conftest import NOW

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
BODY = f'"body":"{SECRET}"'.encode()
LIKE = encode(
    MAKER.reaction(
        ReactionAdded, Reaction(post_id="p1", thread_id="t1", member=Author(id="budi"), kind="like", version=1), at=NOW
    )
)
THREAD = encode(MAKER.thread(ThreadState(thread_id="t1", version=1, title=SECRET), at=NOW))
ERASURE = encode(MAKER.erased(MemberErased(member_id="nobody", requested_at=NOW)))


@dataclass(frozen=True)
class Kind:
    """A kind of record: what it is in a few words, its bytes, and `stage.reason` or what is made of it."""

    name: str
    value: bytes | None
    outcome: str
    key: bytes | None = b"poison"
    headers: Sequence[Header] = (("from", b"a test"),)

    @property
    def stage(self) -> str:
        """Where it is refused."""
        return self.outcome.partition(".")[0]

    @property
    def reason(self) -> str:
        """Why it is refused."""
        return self.outcome.partition(".")[2]

    def __str__(self) -> str:
        return self.name


def changed(value: bytes = VALUE, /, **changes: Any) -> bytes:
    """Return an event with attributes changed; `data_x` changes x inside its data, ... takes it out."""
    event = json.loads(value)
    for name, content in changes.items():
        target, key = (event["data"], name.removeprefix("data_")) if name.startswith("data_") else (event, name)
        if content is ...:
            del target[key]
        else:
            target[key] = content
    return json.dumps(event).encode()


def replaced(old: bytes, new: bytes) -> bytes:
    """Return the event with some of its bytes changed."""
    assert old in VALUE
    return VALUE.replace(old, new)


def wide(length: int, start: int = 0) -> str:
    """Return characters of four bytes each that no compression makes shorter."""
    return "".join(chr(0x20000 + (start * 1009 + at * 7919) % 40_000) for at in range(length))


def deep(levels: int) -> bytes:
    """Return the event with a field that we do not know, so many levels deep; the event is one more."""
    return replaced(BODY, BODY + b',"zzz":' + b"[" * levels + b"]" * levels)


_AUTHOR = {"id": "ana", "role": "member"}

REFUSED: tuple[Kind, ...] = tuple(
    Kind(name, value, outcome)
    for outcome, kinds in {
        "size.too_large": {
            "ten megabytes": VALUE + b" " * 10_000_000,
            "a byte more than 1 MiB": VALUE + b" " * (MAX_RECORD_BYTES + 1 - len(VALUE)),
        },
        "decode.null_value": {"no value (a tombstone)": None},
        "decode.empty_value": {"an empty value": b""},
        "decode.invalid_utf8": {
            "bytes that are not UTF-8": replaced(SECRET.encode(), b"\xff\xfe"),
            "not UTF-8 in a field that nobody reads": replaced(BODY, BODY + b',"zzz":"\xff"'),
            "UTF-16 with its mark": VALUE.decode().encode("utf-16"),
            "Latin-1": replaced(SECRET.encode(), "caf\xe9".encode("latin-1")),
            "an overlong sequence": replaced(SECRET.encode(), b"\xc0\xaf"),
            "a surrogate written as UTF-8": replaced(SECRET.encode(), b"\xed\xa0\x80"),
            "a character cut in half": VALUE[:-3] + "é".encode()[:1],
            "gzip": gzip.compress(VALUE, mtime=0),
        },
        "decode.byte_order_mark": {"a byte order mark before the event": b"\xef\xbb\xbf" + VALUE},
        "decode.too_deep": {
            "nested 10,000 levels": b"[" * 10_000 + b"]" * 10_000,
            "nested 100,000 levels where nobody reads": deep(100_000),
            "nested 65 levels": deep(63),
        },
        "decode.truncated": {
            "cut off": VALUE[:-3],
            "an opening brace alone": b"{",
            "white space alone": b" \n\t ",
            "a megabyte of quotes that nothing ends": b'{"id":"' + b'\\"' * 400_000 + b"[]" * 99,
            "brackets in words that nothing ends": b'{"id":"' + b'\\"[' * 99,
        },
        "decode.malformed_json": {
            "words": f"{SECRET} says hello".encode(),
            "two events in one record": VALUE + VALUE,
            "two events on two lines": VALUE + b"\n" + VALUE,
            "a NUL byte in words": replaced(SECRET.encode(), b"a\x00b"),
            "a line feed in words": replaced(SECRET.encode(), b"a\nb"),
            "NaN": replaced(b'"version":1', b'"version":NaN'),
            "Infinity": replaced(b'"version":1', b'"version":-Infinity'),
            "a number with a leading zero": replaced(b'"version":1', b'"version":01'),
            "a comma too many": replaced(b'"version":1', b'"version":1,'),
            "single quotes": VALUE.replace(b'"', b"'"),
            "a comment": b"/* " + SECRET.encode() + b" */" + VALUE,
            "an unknown escape": replaced(SECRET.encode(), b"\\x41"),
            "UTF-16 without its mark": VALUE.decode().encode("utf-16-le"),
            "a page of HTML": b"<html><body>502 Bad Gateway</body></html>",
            "Avro behind a registry's number": b"\x00\x00\x00\x00\x2a" + SECRET.encode(),
            "a form": f"id=1&body={SECRET}".encode(),
        },
        "decode.lone_surrogate": {
            "half a surrogate pair in the body": replaced(SECRET.encode(), b"\\ud800"),
            "half a surrogate pair in an id": replaced(b'"post_id":"p1"', b'"post_id":"\\udc00"'),
        },
        "validate.wrong_type": {
            "an array": b"[]",
            "the event inside an array": b"[" + VALUE + b"]",
            "the event inside a string": json.dumps(VALUE.decode()).encode(),
            "null": b"null",
            "a number": b"42",
            "true": b"true",
            "the type is a number": changed(type=5),
            "the type is null": changed(type=None),
            "the data are a string": changed(data=SECRET),
            "the body is null": changed(data_body=None),
            "the author is a name": changed(data_author=SECRET),
            "a number in quotes": changed(data_version="5"),
            "true for a number": changed(data_version=True),
            "a number with a fraction": changed(data_version=1.5),
            "a half star": changed(data_rating=4.5),
            "a time as seconds": changed(time=1_795_600_000),
            "tags as one string": changed(data_tags=SECRET),
            "a tag that is null": changed(data_tags=[None]),
            "a count that is a word": changed(data_reaction_counts={SECRET: SECRET}),
            "a yes for true": changed(data_is_thread_start="yes"),
        },
        "validate.missing_field": {
            "an empty object": b"{}",
            "no id": changed(id=...),
            "no type": changed(type=...),
            "no data": changed(data=...),
            "no body": changed(data_body=...),
            "no author": changed(data_author=...),
            "no partition key": changed(partitionkey=...),
            "data as base64": replaced(b'"data":', b'"data_base64":"e30=","old":'),
            "data without an envelope": json.dumps(json.loads(VALUE)["data"]).encode(),
            "an envelope of change data capture": json.dumps({"before": None, "after": json.loads(VALUE)}).encode(),
            "names in capitals": VALUE.replace(b'"type"', b'"Type"'),
            "data of another type": changed(type="community.member.updated.v1"),
        },
        "validate.unknown_type": {
            "a type that is not ours": changed(type=f"community.{SECRET}.v9"),
            "a later major version": changed(type="community.post.created.v2"),
            "a type in capitals": changed(type="COMMUNITY.POST.CREATED.V1"),
        },
        "validate.unknown_value": {
            "CloudEvents of another version": changed(specversion="0.3"),
            "a content type other than JSON": changed(datacontenttype="text/xml"),
            "an unknown role": changed(data_author={"id": "ana", "role": SECRET}),
            "an unknown format of the body": changed(data_body_format="docx"),
            "an unknown status of a thread": changed(THREAD, data_status="burning"),
        },
        "validate.out_of_range": {
            "a negative version": changed(data_version=-1),
            "2 to the 63": changed(data_version=2**63),
            "2 to the 70": changed(data_version=2**70),
            "5,000 digits": replaced(b'"version":1', b'"version":' + b"9" * 5000),
            "the version that erasures keep": changed(data_version=2**63 - 1),
            "an id of 300 characters": changed(data_post_id="x" * 300),
            "an empty id": changed(data_post_id=""),
            "an empty id of the author": changed(data_author=_AUTHOR | {"id": ""}),
            "an event id of 1,001 characters": changed(id="x" * 1001),
            "a body of 200,001 characters": changed(data_body="x" * 200_001),
            "a title of 2,001 characters": changed(data_title="x" * 2001),
            "a name of 301 characters": changed(data_author=_AUTHOR | {"display_name": "x" * 301}),
            "51 tags": changed(data_tags=["a"] * 51),
            "an empty tag": changed(data_tags=[""]),
            "six stars": changed(data_rating=6),
            "no star": changed(data_rating=0),
            "a reaction counted below zero": changed(data_reaction_counts={"like": -1}),
            "2 to the 31 reactions": changed(data_reaction_counts={"like": 2**31}),
            "an empty partition key": changed(partitionkey=""),
            "a source that is a web address": changed(source=f"https://example.org/{SECRET}"),
            "a source in capitals": changed(source="urn:community:forum:Village"),
            "a source with a line feed": changed(source="urn:community:forum:village\n"),
        },
        "validate.naive_time": {
            "a time without a zone": changed(time="2026-11-23T12:00:00"),
            "written at a time without a zone": changed(data_created_at="2026-11-23T12:00:00"),
        },
        "validate.invalid_time": {
            "a time in words": changed(time=f"yesterday {SECRET}"),
            "a day without a time": changed(time="2026-11-23"),
            "a leap second": changed(time="2016-12-31T23:59:60Z"),
            "the 30th of February": changed(time="2026-02-30T12:00:00Z"),
            "hour 24": changed(time="2026-11-23T24:00:00Z"),
            "a zone of 99 hours": changed(time="2026-11-23T12:00:00+99:00"),
        },
        "validate.time_in_future": {
            "the year 2099": changed(time="2099-01-01T00:00:00Z"),
            "a second more than a day ahead": changed(time=(NOW + timedelta(hours=24, seconds=1)).isoformat()),
            "written in 9999": changed(data_created_at="9999-12-31T23:59:59-14:00"),
            "edited in 2099": changed(data_edited_at="2099-01-01T00:00:00Z"),
        },
        "validate.time_too_old": {
            "the year 1": changed(time="0001-01-01T00:00:00+14:00"),
            "the start of computers' time": changed(time="1970-01-01T00:00:00Z"),
            "written in 1989": changed(data_created_at="1989-12-31T23:59:59Z"),
        },
        "validate.nul_in_id": {
            "NUL in an id": changed(data_post_id="p\0001"),
            "NUL in the thread's id": changed(data_thread_id="t\0"),
            "NUL in the author's id": changed(data_author=_AUTHOR | {"id": "a\0"}),
            "NUL in the event's id": changed(id="\0"),
            "NUL in the partition key": changed(partitionkey="a\0b"),
            "NUL in the subject": changed(subject="post/\0"),
            "NUL in a kind of reaction": changed(LIKE, data_kind="li\0ke"),
        },
        "load.program_limit_exceeded": {
            "an event id of 1,000 wide characters": changed(id=wide(1000), data_post_id="too-wide"),
        },
    }.items()
    for name, value in kinds.items()
)

AS_IT_IS = "loaded as it is"
REPLACED = "loaded, each NUL replaced by U+FFFD"
ACCEPTED: tuple[Kind, ...] = (
    Kind("NUL in words", changed(data_body="a\0b", data_title="\0", data_tags=["x\0"]), REPLACED),
    Kind("NUL in a name", changed(data_author=_AUTHOR | {"display_name": "A\0"}), REPLACED),
    Kind("NUL in a thread's title", changed(THREAD, data_title="a\0"), REPLACED),
    Kind("a key twice", replaced(b'"version":1', b'"version":9,"version":1'), "loaded; the last one counts"),
    Kind("fields that we do not know", changed(extension="x", data_colour="red"), "loaded without them"),
    Kind("nested 64 levels", deep(62), "loaded without them"),
    Kind("nanoseconds", changed(time="2026-11-23T11:59:59.123456789+07:00"), "loaded, rounded to microseconds"),
    Kind("emoji, right to left, joiners", changed(data_body="\U0001f468\u200d\U0001f469\u200d\U0001f467 \u202e\u05d0"),
         AS_IT_IS),
    Kind("white space around the event", b" \n" + VALUE + b"\t ", AS_IT_IS),
    Kind("many brackets in words", changed(data_body="[{" * 5000), AS_IT_IS),
    Kind("no words at all", changed(data_body=""), AS_IT_IS),
    Kind("no version of CloudEvents", changed(specversion=...), AS_IT_IS),
    Kind("exactly a day ahead", changed(time=(NOW + timedelta(hours=24)).isoformat()), AS_IT_IS),
    Kind("written on the first of January 1990", changed(data_created_at="1990-01-01T00:00:00Z"), AS_IT_IS),
    Kind("a body of 200,000 wide characters", replaced(SECRET.encode(), (wide(50_000) * 4).encode()), AS_IT_IS),
    Kind("ids of 200 wide characters", encode(
        MAKER.reaction(ReactionAdded, Reaction(post_id=wide(200, 1), thread_id=wide(200, 2), version=1,
                                               member=Author(id=wide(200, 3)), kind=wide(200, 4)), at=NOW)), AS_IT_IS),
    Kind("the erasure of somebody unknown", ERASURE, AS_IT_IS),
    Kind("no record key", VALUE, AS_IT_IS, key=None),
    Kind("an empty record key", VALUE, AS_IT_IS, key=b""),
    Kind("a record key that is not UTF-8", VALUE, AS_IT_IS, key=b"\xff\x00"),
    Kind("a record key of 100,000 bytes", VALUE, AS_IT_IS, key=b"k" * 100_000),
    Kind("no headers", VALUE, AS_IT_IS, headers=()),
    Kind("a header that is not text", VALUE, AS_IT_IS, headers=[("", b"\xff\x00")]),
    Kind("a thousand headers", VALUE, AS_IT_IS, headers=[("h", b"x")] * 1000),
    Kind("forged headers of a replay", VALUE, AS_IT_IS,
         headers=[("x-suara-attempt", b"9" * 99), ("x-suara-first-failed-at", b"never")]),
)  # fmt: skip

# What each reason means to who has to mend it; the order is that in which a record is looked at.
MEANINGS = {
    "size.too_large": "More than 1 MiB. Shorten it at the source; the rest of it is in Kafka alone, for some days.",
    "decode.null_value": "A record without a value. Events are never deleted by tombstones: send a deletion.",
    "decode.empty_value": "A value of no bytes.",
    "decode.invalid_utf8": "Another encoding, or compressed by hand. Events are UTF-8; Kafka compresses by itself.",
    "decode.byte_order_mark": "A file's mark before the event; write UTF-8 without it.",
    "decode.too_deep": "More than 64 levels of brackets, which no event needs.",
    "decode.truncated": "The JSON ends too early.",
    "decode.malformed_json": "No JSON, or more than one document.",
    "decode.lone_surrogate": "Half a character: words were cut between its two halves.",
    "validate.wrong_type": "JSON, but another type stands where the contract names one.",
    "validate.missing_field": "A field that the contract requires is not there; the detail names it.",
    "validate.unknown_type": "The type of the event is not one that this version knows.",
    "validate.unknown_value": "Not one of the words that are allowed there.",
    "validate.out_of_range": "Too long, too short, too large, too small, or not in the form that is asked for.",
    "validate.naive_time": "A time without a zone. Nobody can know when that was.",
    "validate.invalid_time": "No time in the form of RFC 3339, or none that exists.",
    "validate.time_in_future": "More than 24 hours after the broker took it in: a clock is wrong.",
    "validate.time_too_old": "Before 1990: a clock is wrong, or a zero became a date.",
    "validate.nul_in_id": "U+0000 in an id or a key, which PostgreSQL cannot store. In words it is replaced.",
    "load.program_limit_exceeded": "PostgreSQL refuses it, here because an id is too long for an index. Any other "
    "refusal of its own (`load.*`) is named by PostgreSQL's error in the same way.",
}
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bad-records.md"


def page() -> str:
    """Return the page that documents what becomes of each kind."""
    lines = [
        "# Bad records",
        "\nMade by `make docs`; do not edit it by hand.",
        "\nWhatever arrives in a topic becomes a row, or a dead letter with a stage and a reason. It stops the others",
        "only where too much is bad. These kinds are sent through the sink by a test, with good events between them.",
        "What to do about dead letters: [how-to](../how-to/dead-letters.md).",
        "\n## Refused",
    ]
    for outcome, meaning in MEANINGS.items():
        lines += [f"\n### `{outcome}`\n", meaning, ""]
        lines += [f"- {kind}" for kind in REFUSED if kind.outcome == outcome]
    lines += ["\n## Accepted\n", "| what arrives | what becomes of it |", "|---|---|"]
    lines += [f"| {kind} | {kind.outcome} |" for kind in ACCEPTED]
    lines += [
        "| a header whose name is not UTF-8 | loaded, or refused for its value; the name is written with `\\xff` |"
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
