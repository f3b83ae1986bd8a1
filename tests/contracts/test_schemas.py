"""The published contract is what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from kernel.settings import KafkaSettings
from streams import schemas
from streams.events import EVENT_TYPES
from streams.topics import Topic, partitions


def test_published_files_are_up_to_date() -> None:
    assert schemas.differences() == [], "run `python -m streams.schemas`"


def test_a_stale_a_missing_and_a_left_over_file_are_named_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert schemas.main([], folder=tmp_path) == 0
    assert schemas.main(["--check"], folder=tmp_path) == 0
    capsys.readouterr()
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "community.post.created.v1.json").unlink()
    (tmp_path / "community.post.created.v0.json").write_text("{}")
    wrong = ["asyncapi.json", "community.post.created.v0.json", "community.post.created.v1.json"]
    assert schemas.main(["--check"], folder=tmp_path) == 1
    told = capsys.readouterr().err
    assert all(name in told for name in wrong)
    assert schemas.differences(tmp_path) == wrong
    assert schemas.main([], folder=tmp_path) == 0
    assert schemas.differences(tmp_path) == []


@pytest.mark.parametrize("name", [schemas.event_type(model) for model in EVENT_TYPES])
def test_each_schema_is_valid_and_complete_in_itself(name: str) -> None:
    schema = schemas.json_schemas()[name]
    jsonschema.Draft7Validator.check_schema(schema)
    assert _references(schema) == {f"#/definitions/{part}" for part in schema["definitions"]}


def test_the_document_of_the_topics_matches_what_is_created() -> None:
    document = schemas.asyncapi()
    by_address = {channel["address"]: channel["bindings"]["kafka"] for channel in document["channels"].values()}
    for topic in (Topic.POSTS, Topic.BACKFILL, Topic.ERASURE):
        assert by_address[topic]["partitions"] == partitions(topic, KafkaSettings())
        assert by_address[topic]["topicConfiguration"]["retention.ms"] == 7 * 24 * 60 * 60 * 1000


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = schemas.asyncapi()
    for reference in _references(document):
        if reference.startswith("#/"):
            at = document
            for part in reference.removeprefix("#/").split("/"):
                at = at[part]
        else:
            assert json.loads((schemas.FOLDER / reference).read_text("utf-8"))["$id"]


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()
