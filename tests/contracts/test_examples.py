"""The golden corpus: models, published schemas and the sink's decoder agree on every example."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from streams.decode import Rejection, decode
from streams.events import EVENT_TYPES, Event, MemberErasedEvent, MemberUpdated, encode
from streams.schemas import FOLDER, event_type

ARRIVED = datetime(2026, 11, 23, tzinfo=UTC)
VALID = sorted((FOLDER / "examples" / "valid").glob("*.json"))
INVALID = sorted((FOLDER / "examples" / "invalid").glob("*.json"))
TYPES = [event_type(model) for model in EVENT_TYPES]

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_real_instant(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text) is not None


def published(name: str) -> jsonschema.Draft7Validator:
    schema = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return jsonschema.Draft7Validator(schema, format_checker=formats)


def fitting_schemas(event: Any) -> list[str]:
    return [name for name in TYPES if published(name).is_valid(event)]


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_valid_examples_are_accepted_by_all(path: Path) -> None:
    value = path.read_bytes()
    event = msgspec.json.decode(value, type=Event)
    assert fitting_schemas(json.loads(value)) == [json.loads(value)["type"]]
    assert decode(value, record_ts=ARRIVED) == event
    assert path.name.startswith(json.loads(value)["type"].removeprefix("community.").removesuffix(".v1"))


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_what_we_encode_fits_the_published_schema(path: Path) -> None:
    event = msgspec.json.decode(path.read_bytes(), type=Event)
    assert fitting_schemas(json.loads(encode(event))) == [event_type(type(event))]


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_invalid_examples_are_refused_by_all_for_the_named_reason(path: Path) -> None:
    value = path.read_bytes()
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(value, type=Event)
    assert fitting_schemas(json.loads(value)) == []
    refusal = decode(value, record_ts=ARRIVED)
    assert isinstance(refusal, Rejection)
    assert f"{refusal.stage}.{refusal.reason}" == f"validate.{path.name.partition('.')[0]}"


def test_every_type_has_a_valid_example() -> None:
    assert {json.loads(path.read_text("utf-8"))["type"] for path in VALID} == set(TYPES)


@pytest.mark.parametrize("model", EVENT_TYPES, ids=event_type)
def test_what_concerns_a_post_names_its_thread_and_members_have_a_key_of_their_own(model: type) -> None:
    name = event_type(model)
    keys = {
        (event["partitionkey"], event["data"].get("thread_id"), event["data"].get("member_id"))
        for event in (json.loads(path.read_text("utf-8")) for path in VALID)
        if event["type"] == name
    }
    schema = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    required = schema["definitions"][schema["properties"]["data"]["$ref"].rpartition("/")[2]]["required"]
    if model in (MemberUpdated, MemberErasedEvent):
        assert "member_id" in required
        assert all(key.endswith(f":member:{member}") for key, _, member in keys)
    else:
        assert "thread_id" in required
        assert all(key.endswith(f":{thread}") for key, thread, _ in keys)
