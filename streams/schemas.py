"""The published form of the event contract: one JSON Schema an event type, and an AsyncAPI document over the topics.

Everything under `schemas/` but the examples is written here from `streams/events.py` and `streams/topics.py`, so that
the models are the only source. `python -m streams.schemas` writes, `--check` fails when a file differs. Draft-07 is
used because AsyncAPI 3 demands it of every tool.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kernel.community import RetentionTable
from kernel.settings import KafkaSettings
from streams import events
from streams.backfill import group_of_history
from streams.topics import Topic, configuration, partitions

FOLDER = Path(__file__).parent.parent / "schemas"
DRAFT = "http://json-schema.org/draft-07/schema#"
# Most validators take "date-time" for a mere note: the pattern holds what the models demand, a zone above all.
INSTANT = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$"
_BINDINGS = "0.5.0"

CHANNELS: dict[Topic, tuple[str, str]] = {
    Topic.POSTS: (
        "posts",
        "What a community writes, as it happens. Key: instance and thread, so order holds per thread.",
    ),
    Topic.BACKFILL: ("backfill", "The same events from history, apart so that a replay cannot starve live traffic."),
    Topic.ERASURE: ("erasure", "Members to be forgotten."),
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each event type, by type; each is complete in itself."""
    _, components = msgspec.json.schema_components(events.EVENT_TYPES, ref_template="#/definitions/{name}")
    _demand_zones(components)
    schemas = {}
    for model in events.EVENT_TYPES:
        name = event_type(model)
        body = components[model.__name__]
        needed = {part: components[part] for part in sorted(_references(body, components))}
        schemas[name] = {"$schema": DRAFT, "$id": f"urn:suara:schema:{name}", **body, "definitions": needed}
    return schemas


def event_type(model: type[events.Envelope]) -> str:
    """Return the CloudEvents type that a model stands for."""
    return str(model.__struct_config__.tag)


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document: topics, their configuration, messages and keys, who sends and who receives."""
    posts: list[type[events.Envelope]] = [
        model for model in events.EVENT_TYPES if model is not events.MemberErasedEvent
    ]
    carried: dict[Topic, list[type[events.Envelope]]] = {
        Topic.POSTS: posts,
        Topic.BACKFILL: posts,
        Topic.ERASURE: [events.MemberErasedEvent],
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Suara community events",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in structured JSON. Each event carries the full state and a version that grows with "
                "every change. Within version 1 only optional fields are added; readers ignore unknown ones."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": events.CONTENT_TYPE,
        "channels": {name: _channel(topic, carried[topic], says) for topic, (name, says) in CHANNELS.items()},
        "operations": dict(_operations()),
        "components": {"messages": {event_type(model): _message(model) for model in events.EVENT_TYPES}},
    }


def documents() -> dict[str, str]:
    """Return every generated file by its name under `schemas/`."""
    found = {f"{name}.json": schema for name, schema in json_schemas().items()} | {"asyncapi.json": asyncapi()}
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in found.items()}


def differences(folder: Path = FOLDER) -> list[str]:
    """Return the names of generated files that are missing, stale or left over in `folder`."""
    wanted = documents()
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path = FOLDER) -> list[str]:
    """Bring `folder` up to date and return the names of the files that changed."""
    changed = differences(folder)
    wanted = documents()
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], "utf-8")
        else:
            (folder / name).unlink()
    return changed


def _channel(topic: Topic, models: list[type[events.Envelope]], says: str) -> dict[str, Any]:
    names = [event_type(model) for model in models]
    return {
        "address": str(topic),
        "description": says,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": _channel_binding(topic)},
    }


def _channel_binding(topic: Topic) -> dict[str, Any]:
    settings = KafkaSettings()
    words = configuration(topic, settings, log_days=RetentionTable().log_days)
    typed = {name: int(value) if value.isdigit() else value for name, value in words.items()}
    return {
        "topic": str(topic),
        "partitions": partitions(topic, settings),
        "replicas": settings.replication_factor,
        "topicConfiguration": {**typed, "cleanup.policy": [words["cleanup.policy"]]},
        "bindingVersion": _BINDINGS,
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    live = KafkaSettings().group
    for topic, (name, _) in CHANNELS.items():
        group = {"type": "string", "enum": [group_of_history(live) if topic is Topic.BACKFILL else live]}
        channel = {"$ref": f"#/channels/{name}"}
        yield f"send_{name}", {"action": "send", "channel": channel, "summary": "Connectors and imports send."}
        yield (
            f"load_{name}",
            {
                "action": "receive",
                "channel": channel,
                "summary": "The sink loads into the warehouse; what it refuses goes to the dead letters.",
                "bindings": {"kafka": {"groupId": group, "bindingVersion": _BINDINGS}},
            },
        )


def _message(model: type[events.Envelope]) -> dict[str, Any]:
    about_member = model in (events.MemberUpdated, events.MemberErasedEvent)
    shape = "<instance>:member:<member_id>" if about_member else "<instance>:<thread_id>"
    key = {"type": "string", "description": f"`partitionkey` of the event, in UTF-8: {shape}."}
    return {
        "name": event_type(model),
        "summary": (model.__doc__ or "").strip(),
        "contentType": events.CONTENT_TYPE,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"$ref": f"./{event_type(model)}.json"},
        },
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDINGS}},
    }


def _demand_zones(schema: Any) -> None:
    """Put the pattern of an instant beside every `format: date-time`, in place."""
    if isinstance(schema, dict):
        if schema.get("format") == "date-time":
            schema["pattern"] = INSTANT
        for part in schema.values():
            _demand_zones(part)
    elif isinstance(schema, list):
        for part in schema:
            _demand_zones(part)


def _references(schema: Any, components: dict[str, Any]) -> set[str]:
    """Return the names of all components that `schema` leads to."""
    found: set[str] = set()
    if isinstance(schema, dict):
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            found |= {name} | _references(components[name], components)
        for part in schema.values():
            found |= _references(part, components)
    elif isinstance(schema, list):
        for part in schema:
            found |= _references(part, components)
    return found


def main(arguments: list[str] | None = None, *, folder: Path = FOLDER) -> int:
    """Write the files, or with `--check` fail when one differs."""
    parser = argparse.ArgumentParser(prog="python -m streams.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    if parser.parse_args(arguments).check:
        stale = differences(folder)
        for name in stale:
            sys.stderr.write(f"schemas/{name} differs from the models\n")
        if stale:
            sys.stderr.write("Run `python -m streams.schemas` and commit the result.\n")
        return 1 if stale else 0
    for name in write(folder):
        sys.stdout.write(f"wrote schemas/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
