"""Which column of a file holds which field of a post: chosen by a preset's known names, overridden by the person.

`--map field=column` names a column, `--map field==words` says the same words for every row, `--map field=` takes a
choice back. Names of columns are compared without case, spaces and punctuation. Everything chosen can be said aloud.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kernel.errors import InputError
from streams.connectors.presets import PRESETS, Preset


class Cells(NamedTuple):
    """One row in the words of the contract; None where the file says nothing."""

    post_id: str | None
    thread_id: str | None
    channel: str | None
    topic: str | None
    author: str | None
    author_name: str | None
    role: str | None
    created_at: str | None
    edited_at: str | None
    body: str | None
    title: str | None
    thread_title: str | None
    post_number: str | None
    reply_to: str | None
    reply_to_number: str | None
    category: str | None
    tags: str | None
    url: str | None
    lang: str | None
    rating: str | None
    app_version: str | None


FIELDS: dict[str, str] = {
    "post_id": "the post's own id; made from its thread, author, time and words when the file has none",
    "thread_id": "the conversation it belongs to",
    "channel": "room or stream of a chat; part of the thread's identity",
    "topic": "named conversation inside a channel",
    "author": "the account that wrote it (required)",
    "author_name": "the name shown for the account",
    "role": "member, moderator, staff or bot; suara.toml's staff and bots go before it",
    "created_at": "when it was written (required)",
    "edited_at": "when it was last changed; makes it a newer version",
    "body": "the words (required)",
    "title": "title of the post itself, as reviews have",
    "thread_title": "title of the conversation",
    "post_number": "its place in the thread, from 1",
    "reply_to": "id of the post that it answers",
    "reply_to_number": "place in the thread of the post that it answers",
    "category": "forum category, or the app of a review",
    "tags": "words separated by commas, or a list",
    "url": "where a person can read it",
    "lang": "language that the source claims",
    "rating": "stars, 1 to 5",
    "app_version": "version of the product",
}
REQUIRED = ("author", "created_at", "body")


@dataclass(frozen=True)
class Choices:
    """What a person said by `--map`: columns, constant words, and fields that are to stay empty."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


NO_CHOICES = Choices()


@dataclass(frozen=True)
class Mapping:
    """The column of each field, and the words that are the same for every row."""

    columns: dict[str, str]
    constants: dict[str, str]
    preset: Preset | None

    def has(self, name: str) -> bool:
        """Whether anything fills the field."""
        return name in self.columns or name in self.constants

    def __str__(self) -> str:
        parts = [f"{name}={column}" for name, column in self.columns.items()]
        parts += [f"{name}=={words}" for name, words in self.constants.items()]
        return f"{self.preset.name if self.preset else 'no preset'}: {', '.join(parts)}"


def parse_choices(items: Iterable[str]) -> Choices:
    """Read the values of `--map`. Raises `InputError` naming the nearest field."""
    columns, constants, without = {}, {}, set()
    for item in items:
        name, sign, value = item.partition("=")
        name = name.strip()
        if not sign:
            message = f"--map {item}: an equals sign is missing"
            raise InputError(message, remedy="Write --map field=column, for example --map body=message.")
        if name not in FIELDS:
            message = f"--map {item}: there is no field '{name}'{_nearest(name, FIELDS)}"
            raise InputError(message, remedy=f"Fields: {', '.join(FIELDS)}.")
        if value.startswith("="):
            constants[name] = value[1:]
        elif value.strip():
            columns[name] = value.strip()
        else:
            without.add(name)
    return Choices(columns, constants, frozenset(without))


def choose(preset: Preset | None, columns: Sequence[str], choices: Choices) -> Mapping:
    """Decide the column of each field. Raises `InputError` naming what is missing and what the file has."""
    for name, column in choices.columns.items():
        if column not in columns:
            message = f"--map {name}={column}: the file has no column '{column}'{_nearest(column, columns)}"
            raise InputError(message, remedy=_they_are(columns))
    found = dict(choices.columns)
    if preset is not None:
        for name in FIELDS:
            if name not in found and name not in choices.constants and name not in choices.without:
                known = _known(preset.aliases.get(name, ()), columns)
                if known is not None:
                    found[name] = known
    found = _told_apart(found, choices)
    mapping = Mapping({name: found[name] for name in FIELDS if name in found}, choices.constants, preset)
    _demand(mapping, columns)
    return mapping


def _told_apart(found: dict[str, str], choices: Choices) -> dict[str, str]:
    """Leave out what a preset chose twice: a name that is the account's id, and one of the two kinds of reply.

    What a post answers is a number in the thread where posts are numbered, and an id where they are not.
    """
    double = set()
    if found.get("author_name") == found.get("author") and "author_name" not in choices.columns:
        double.add("author_name")
    if found.get("reply_to") == found.get("reply_to_number"):
        numbered = "post_number" in found or "post_number" in choices.constants
        double.add("reply_to" if numbered else "reply_to_number")
    return {name: column for name, column in found.items() if name not in double}


def _demand(mapping: Mapping, columns: Sequence[str]) -> None:
    preset = mapping.preset
    optional = {"author"} if preset is not None and preset.anonymous else set()
    missing = [name for name in REQUIRED if name not in optional and not mapping.has(name)]
    if not missing:
        return
    what = ", ".join(f"{name} ({FIELDS[name].removesuffix(' (required)')})" for name in missing)
    tried = f"preset '{preset.name}'" if preset else "no preset"
    message = f"no column is known for {what} ({tried})"
    fits = [other.name for other in PRESETS.values() if other is not preset and _fits(other, columns)]
    hint = f" Or try --preset {' or '.join(fits)}." if fits else ""
    remedy = f"Name it: {' '.join(f'--map {name}=COLUMN' for name in missing)}.{hint} {_they_are(columns)}"
    raise InputError(message, remedy=remedy)


def _fits(preset: Preset, columns: Sequence[str]) -> bool:
    needed = [name for name in REQUIRED if not (name == "author" and preset.anonymous)]
    return all(_known(preset.aliases[name], columns) for name in needed)


def _known(aliases: Sequence[str], columns: Sequence[str]) -> str | None:
    by_form: dict[str, str] = {}
    for column in columns:
        by_form.setdefault(_form(column), column)
    return next((by_form[_form(alias)] for alias in aliases if _form(alias) in by_form), None)


def _form(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _nearest(name: str, known: Iterable[str]) -> str:
    forms = {_form(other): other for other in known}
    close = difflib.get_close_matches(_form(name), forms, n=1, cutoff=0.5)
    return f"; did you mean '{forms[close[0]]}'?" if close else ""


def _they_are(columns: Sequence[str]) -> str:
    shown = ", ".join(f"'{column[:60]}'" for column in columns[:40])
    more = f" and {len(columns) - 40} more" if len(columns) > 40 else ""
    return f"The file's columns: {shown}{more}."
