"""Names of channels and topics as people wrote them, where an export holds the form that stands in addresses.

Zulip writes `Is-there-code-for-X%3F` for a stream and `simp.3F.20tactic` for a topic. Whether a column is written
that way is decided from many of its values together: a single `v4.20` must stay what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

_DOT = re.compile(r"\.([0-9A-F]{2})")
_LONE_DOT = re.compile(r"\.(?![0-9A-F]{2})")
_SLUG = re.compile(r"^\d+-(?!\d)")


def name_reader(values: Iterable[str]) -> Callable[[str], str]:
    """Return what turns a value of this column into the name to show, judged by a sample of its values."""
    seen = {value for value in values if value}
    if any(letter.isspace() for value in seen for letter in value):
        return _as_it_is
    dotted = any(".20" in value for value in seen) and not any(_LONE_DOT.search(value) for value in seen)
    slugs = bool(seen) and all(_SLUG.match(value) for value in seen)
    known: dict[str, str] = {}

    def readable(value: str) -> str:
        name = known.get(value)
        if name is None:
            text = _SLUG.sub("", value).replace("-", " ").strip() if slugs else value
            text = _DOT.sub(r"%\1", text.replace("%", "%25")) if dotted else text
            decoded = unquote(text, errors="strict") if _decodable(text) else text
            name = known[value] = decoded or value
        return name

    return readable


def _as_it_is(value: str) -> str:
    return value


def _decodable(text: str) -> bool:
    try:
        return unquote(text, errors="strict").isprintable()
    except UnicodeDecodeError:
        return False
