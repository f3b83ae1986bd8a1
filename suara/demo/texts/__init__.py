"""The words of the generated community, written for it: one file a theme, and what goes around them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from kernel.model import FeedbackType, Sentiment

Phrases = tuple[str, ...]
Lists = dict[str, Phrases]


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one theme is talked about in one language: thread titles, five kinds of posts, and replies."""

    headline: Phrases
    bug: Phrases
    complaint: Phrases
    question: Phrases
    request: Phrases
    praise: Phrases
    echo: Phrases
    counter: Phrases
    answer: Phrases


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing that people say about the product; `shapes` are the courses it may take, `words` name its area,
    and a line that uses none of the slots `nouns` needs to be told what it is about.
    """

    area: str
    title: str
    main: FeedbackType
    nouns: Phrases
    shapes: Phrases
    words: Phrases
    kinds: dict[str, float]
    slots: dict[str, Lists]
    en: Wording
    id: Wording

    def wording(self, language: str) -> Wording:
        """Return the wording in `language`, en or id."""
        return self.en if language == "en" else self.id


class Talk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A subject besides the product."""

    slots: dict[str, Lists]
    en: Lists
    id: Lists

    def wording(self, language: str) -> Lists:
        """Return `headline`, `say` and `back` in `language`, en or id."""
        return self.en if language == "en" else self.id


class Brigade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that many people paste."""

    en: str
    id: str
    type: FeedbackType
    sentiment: Sentiment


class Spam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that programs pour in."""

    language: str
    text: str


class Campaigns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All copied texts; brigades by theme."""

    spam: tuple[Spam, ...]
    brigade: dict[str, Brigade]


@cache
def themes() -> dict[str, Theme]:
    """Return all themes by key, in the order of their names."""
    folder = files(__name__) / "themes"
    found = sorted((file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".toml"))
    return {name.removesuffix(".toml"): msgspec.convert(tomllib.loads(text), Theme) for name, text in found}


@cache
def talks() -> dict[str, Talk]:
    """Return all subjects besides the product by key."""
    return msgspec.convert(_read("talk"), dict[str, Talk])


@cache
def campaigns() -> Campaigns:
    """Return the copied texts."""
    return msgspec.convert(_read("campaigns"), Campaigns)


@cache
def frames() -> dict[str, Any]:
    """Return what goes around the core of a post, by language."""
    return _read("frames")


@cache
def replies() -> dict[str, Any]:
    """Return replies without a theme, and what staff and programs write, by language."""
    return _read("replies")


@cache
def people() -> dict[str, Any]:
    """Return the lists that names and products are drawn from."""
    return _read("people")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8"))
