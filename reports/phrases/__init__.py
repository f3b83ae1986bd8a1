"""All words of a report that are not a community's own, in each language it can be written in.

A phrase is looked up by a dotted key and holds `{places}` that the page fills. Both files have the same keys and
places.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "id")


@cache
def load(language: str) -> dict[str, str]:
    """Return the phrases of a language by dotted key. Raises `KeyError` for a language there is not."""
    if language not in LANGUAGES:
        raise KeyError(language)
    content = (resources.files(__name__) / f"{language}.toml").read_text("utf-8")
    return dict(_flatten(tomllib.loads(content), ""))


def _flatten(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        found += _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found
