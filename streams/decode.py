"""From the bytes of a record to an event, or to a typed reason why not. Never raises, whatever the bytes are.

The order is part of the promise: size, UTF-8 and nesting are checked before the bytes meet a parser, so that no record
can cost more than reading it. A rejection tells where and why in words of ours; nothing of the record is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from streams.broker import MAX_RECORD_BYTES
from streams.events import Decision, Event, MemberErased, MemberState, PostRef, PostState

Stage = Literal["size", "decode", "validate", "load"]

MAX_DEPTH = 64
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)


class Rejection(msgspec.Struct, frozen=True):
    """Why a record was refused: the stage, a reason in snake_case, and where exactly."""

    stage: Stage
    reason: str
    detail: str | None = None


# Every instant inside an event's data: a clock that is wrong by years would fall out of every report, unseen.
INSTANTS: Mapping[type, tuple[str, ...]] = {
    PostState: ("created_at", "edited_at"),
    PostRef: ("created_at",),
    MemberState: ("joined_at",),
    MemberErased: ("requested_at",),
    Decision: ("decided_at", "flagged_at"),
}

# Words that people wrote. Every other string is an id, a code or a name of ours, where a NUL means a broken source.
FREE_TEXT = frozenset(
    ("body", "title", "thread_title", "display_name", "category", "tags", "url", "lang", "app_version",
     "reaction_counts", "reason_code", "policy_ref")
)  # fmt: skip

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
# A string is passed over once, also one that nothing ends: never is it read again from each quote inside it.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_PATH = re.compile(r" - at (?:`key` in )?`(?P<path>\$[^`]*)`$")


def decode(value: bytes | None, *, record_ts: datetime) -> Event | Rejection:
    """Return the event in `value`, which the broker appended at `record_ts`, or why it is refused."""
    if not value:
        return Rejection("decode", "null_value" if value is None else "empty_value")
    refused = _refuse_bytes(value)
    if refused is not None:
        return refused
    try:
        event = _decoder.decode(value)
    except msgspec.ValidationError as error:
        return _explain(str(error))
    except msgspec.DecodeError as error:
        return Rejection("decode", _malformed(str(error)), str(error))
    except (ValueError, RecursionError, OverflowError) as error:
        return Rejection("decode", "undecodable", type(error).__name__)
    if b"\\u0000" in value:
        cleaned = _clean(event)
        if isinstance(cleaned, Rejection):
            return cleaned
        event = cleaned
    return _refuse_times(event, record_ts) or event


def _refuse_bytes(value: bytes) -> Rejection | None:
    if len(value) > MAX_RECORD_BYTES:
        return Rejection("size", "too_large", f"{len(value)} bytes, at most {MAX_RECORD_BYTES}")
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return Rejection("decode", "invalid_utf8", f"byte {error.start}")
    if value.startswith(b"\xef\xbb\xbf"):
        return Rejection("decode", "byte_order_mark")
    # Few brackets in all cannot be deeply nested ones; only texts full of them are walked through.
    if value.count(b"[") + value.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        return Rejection("decode", "too_deep", f"nested more than {MAX_DEPTH} levels")
    return None


def _is_too_deep(value: bytes) -> bool:
    depth = 0
    for match in _BRACKETS.finditer(value):
        token = match[0]
        if token in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token in b"]}":
            depth -= 1
    return False


def _malformed(message: str) -> str:
    if "surrogate" in message:
        return "lone_surrogate"
    return "truncated" if "truncated" in message else "malformed_json"


def _explain(message: str) -> Rejection:
    """Turn the parser's message into a reason; some of its messages quote the record, so only known parts are kept."""
    found = _PATH.search(message)
    path = found["path"] if found else "$"
    rule = message[: found.start()] if found else message
    if rule.startswith("Object missing required field"):
        return Rejection("validate", "missing_field", f"{path}.{rule.split('`')[1]}")
    if rule.startswith(("Invalid value", "Invalid enum value")):
        return Rejection("validate", "unknown_type" if path == "$.type" else "unknown_value", path)
    if rule.startswith("Invalid RFC3339"):
        return Rejection("validate", "invalid_time", path)
    if "timezone component" in rule:
        return Rejection("validate", "naive_time", path)
    if ", got" in rule or path == "$.type":
        return Rejection("validate", "wrong_type", f"{path}: {rule}")
    if rule.startswith(("Expected", "Integer value out of range", "Number out of range")):
        return Rejection("validate", "out_of_range", f"{path}: {rule}")
    return Rejection("validate", "invalid", path)


def _refuse_times(event: Event, record_ts: datetime) -> Rejection | None:
    latest = record_ts + AHEAD
    if EARLIEST <= event.time <= latest:
        data = event.data
        for name in INSTANTS.get(type(data), ()):
            instant = getattr(data, name)
            if instant is not None and not EARLIEST <= instant <= latest:
                return _out_of_time(f"$.data.{name}", early=instant < EARLIEST)
        # The pattern's `$` lets a line feed through at the very end.
        return Rejection("validate", "out_of_range", "$.source") if event.source.endswith("\n") else None
    return _out_of_time("$.time", early=event.time < EARLIEST)


def _out_of_time(path: str, *, early: bool) -> Rejection:
    bound = f"before {EARLIEST.year}" if early else "more than 24 hours after it arrived"
    return Rejection("validate", "time_too_old" if early else "time_in_future", f"{path}: {bound}")


def _clean(event: Event) -> Event | Rejection:
    """Replace NUL, which PostgreSQL cannot store, by U+FFFD in free text; refuse it anywhere else."""
    refused = next(_broken_ids(event, "$"), None)
    if refused is not None:
        return Rejection("validate", "nul_in_id", refused)
    data: Any = event.data
    for owner in ("author", "member"):
        if hasattr(data, owner):
            data = msgspec.structs.replace(data, **{owner: _without_nul(getattr(data, owner))})
    return msgspec.structs.replace(event, data=_without_nul(data))


def _broken_ids(value: Any, path: str) -> Iterator[str]:
    for name in value.__struct_fields__:
        part = getattr(value, name)
        if isinstance(part, msgspec.Struct):
            yield from _broken_ids(part, f"{path}.{name}")
        elif isinstance(part, str) and name not in FREE_TEXT and "\0" in part:
            yield f"{path}.{name}"


def _without_nul(data: Any) -> Any:
    found = {name: getattr(data, name) for name in data.__struct_fields__ if name in FREE_TEXT}
    return msgspec.structs.replace(data, **{name: _replaced(part) for name, part in found.items()})


def _replaced(part: Any) -> Any:
    if isinstance(part, str):
        return part.replace("\0", "\ufffd")
    if isinstance(part, tuple):
        return tuple(item.replace("\0", "\ufffd") for item in part)
    if isinstance(part, dict):
        return {key.replace("\0", "\ufffd"): count for key, count in part.items()}
    return part
