"""Writes the reference pages that the code itself knows best: commands, settings and events.

`python scripts/reference.py` writes them, `--check` fails when a page says something else than the code.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from kernel.community import CommunityFile
from kernel.settings import Settings
from streams import events
from suara.cli.main import app

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "Made by `make docs`; do not edit it by hand."


def commands() -> Iterator[str]:
    """Yield the lines of the page of commands."""
    yield "# Commands"
    yield f"\n{NOTE}\n"
    yield "Exit codes: 0 done, 1 refused or failed with a message, 2 wrong usage. Every listing takes `--json`."
    yield "Help is also in the terminal: `suara COMMAND --help`."
    yield from _describe(get_command(app), "suara")


def _describe(command: Any, name: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for inner, child in command.commands.items():
            if not child.hidden:
                yield from _describe(child, f"{name} {inner}")
        return
    context = command.context_class(command, info_name=name)
    usage = " ".join(part for part in command.collect_usage_pieces(context) if part != "[OPTIONS]")
    options = [option for option in command.params if option.name != "help" and not getattr(option, "hidden", False)]
    if any(option.param_type_name == "option" for option in options):
        usage = f"{usage} [OPTIONS]".strip()
    yield f"\n## `{name}`\n"
    yield f"```\n{f'{name} {usage}'.strip()}\n```\n"
    yield _prose(command.help or "")
    if options:
        yield "\n| | |\n|---|---|"
        yield from (_option(option, context) for option in options)


def _option(option: Any, context: Any) -> str:
    if option.param_type_name == "argument":
        label = f"`{option.metavar or option.display_name_raw}`"
    else:
        value = "" if option.is_flag else f" {option.metavar or option.display_type(context)}"
        names = [*option.opts, *option.secondary_opts]
        label = ", ".join(f"`{spelling}{value}`" for spelling in names)
    says = (option.help or "").strip()
    if option.required and option.param_type_name == "option":
        says += " Required."
    if isinstance(option.default, int | float | str) and not isinstance(option.default, bool):
        says += f" Default: {option.default}."
    return f"| {_cell(label)} | {_cell(says)} |"


def _prose(text: str) -> str:
    """Return help text as Markdown: paragraphs stay, and those whose line breaks matter become code."""
    paragraphs = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.startswith("\b"):
            paragraphs.append(paragraph)
            continue
        heading, *lines = paragraph.removeprefix("\b").strip("\n").split("\n")
        heading = re.sub(r"\[/?bold\]", "", heading)
        body = "\n".join(line.removeprefix("  ") for line in lines)
        paragraphs.append(f"**{heading}**\n\n```\n{body}\n```")
    return "\n\n".join(paragraphs)


def settings() -> Iterator[str]:
    """Yield the lines of the page of settings."""
    yield "# Settings"
    yield f"\n{NOTE}\n"
    yield "What a person decides about their community is in `suara.toml`. Addresses, secrets and places come from the"
    yield "environment. Nothing has to be set: `suara.toml` may be empty or missing, and without variables the embedded"
    yield "Kafka and PostgreSQL are used. A wrong key or variable is an error that names the nearest valid one."
    yield "\n## Environment\n"
    yield "A variable with `_FILE` after its name reads the value from a file: `SUARA_WAREHOUSE__URL_FILE`."
    yield "`suara settings` shows what is in force; secrets are not shown."
    groups: list[tuple[str, type[BaseModel]]] = [("SUARA_", Settings)]
    for prefix, model in groups:
        yield "\n" + _sentence((model.__doc__ or "").rpartition("`: ")[2])
        yield "\n| variable | default | meaning |\n|---|---|---|"
        for name, field in model.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                groups.append((f"{prefix}{name.upper()}__", inner))
            else:
                yield f"| `{prefix}{name.upper()}` | {_default(field)} | {_meaning(field)} |"
    yield "\n## `suara.toml`\n"
    yield "The file at the root of the project says all defaults and has an example of every table."
    for name, field in CommunityFile.model_fields.items():
        inner = field.annotation
        many = get_origin(inner) is dict
        table: type[BaseModel] = get_args(inner)[1] if many else inner  # type: ignore[assignment]
        yield f"\n### `[{name}{'.NAME' if many else ''}]`\n"
        yield _sentence((table.__doc__ or "").partition(": ")[2])
        yield "\n| key | default | meaning |\n|---|---|---|"
        yield from (f"| `{key}` | {_default(sub)} | {_meaning(sub)} |" for key, sub in table.model_fields.items())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value in ((), {}):
        return ""
    if isinstance(value, tuple):
        value = list(value)
    return f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    says = field.description or ""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return _cell(f"{says} One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else says)


def event_types() -> Iterator[str]:
    """Yield the lines of the page of events."""
    yield "# Events"
    yield f"\n{NOTE}\n"
    yield "Everything that Suara knows came as one of these: CloudEvents 1.0, structured JSON, one Kafka record each."
    yield "JSON Schemas and an AsyncAPI document are in [`schemas/`](../../schemas). Each event carries the full state"
    yield "and a `version` that grows, so that lost, doubled and shuffled events heal by version alone."
    yield "\n## What all share\n"
    yield from _fields(events.Envelope, skip=("data",))
    for model in events.EVENT_TYPES:
        data = next(field.type for field in msgspec.structs.fields(model) if field.name == "data")
        yield f"\n## `{model.__struct_config__.tag}`\n"
        yield f"{inspect.getdoc(model)} `data`:\n"
        yield from _fields(data)
    yield "\n## An author or member\n"
    yield from _fields(events.Author)


def _fields(model: Any, skip: tuple[str, ...] = ()) -> Iterator[str]:
    yield "| field | | type | meaning |\n|---|---|---|---|"
    for field in msgspec.structs.fields(model):
        if field.name not in skip:
            need = "required" if field.required else ""
            kind, meaning = _type(field.type)
            yield f"| `{field.encode_name}` | {need} | {_cell(kind)} | {_cell(meaning)} |"


def _type(annotation: Any) -> tuple[str, str]:
    """Return the type and the meaning of a field, from its JSON Schema."""
    schema = msgspec.json.schema(annotation)
    meaning = schema.get("description", "")
    options = [schema, *schema.get("anyOf", [])]
    meaning = next((str(option["description"]) for option in options if "description" in option), meaning)
    kinds = []
    for option in options:
        if "enum" in option:
            kinds.append(" or ".join(f"`{value}`" for value in option["enum"] if value is not None))
        elif "const" in option:
            kinds.append(f"`{option['const']}`")
        elif "$ref" in option:
            kinds.append("object")
        elif option.get("type", "null") != "null":
            kinds.append(str(option.get("format", option["type"])))
    return ", ".join(dict.fromkeys(kinds)), meaning


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "commands.md": commands,
    "settings.md": settings,
    "events.md": event_types,
}


def main() -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="Fail when a page is out of date.")
    check = parser.parse_args().check
    old = []
    for name, page in PAGES.items():
        text = "\n".join(page()).strip() + "\n"
        path = FOLDER / name
        if check and (not path.exists() or path.read_text("utf-8") != text):
            old.append(name)
        elif not check:
            path.write_text(text, "utf-8")
    if old:
        sys.stderr.write(f"out of date: {', '.join(old)}. Write them again with: make docs\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
