"""The suara.toml of a generated community, as its own people would write it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from suara.demo import texts
from suara.demo.people import SOURCES, Cast
from suara.demo.plot import Plot

_AREAS = {
    "wallet": ("Wallet and sign-in", "Team Wallet", "Melati"),
    "records": ("Records and sync", "Team Records", "Arif"),
    "experience": ("App experience", "Team App", "Oka"),
    "planning": ("Planning", "Team Planning", "Nina"),
    "growth": ("Growth and care", "Team Growth", "Priska"),
}
_VALUES = {
    "kind": "We are kind to people who are new, and no question is silly.",
    "honest": "We say what is broken, since when, and what we do about it.",
}


def configuration(plot: Plot, cast: Cast) -> str:
    """Return the text of suara.toml: community, sources with staff and programs, areas with words, values."""
    parts = [
        f"# {plot.product}: {plot.says}. A generated community (seed {plot.seed}); none of it is real.",
        "[community]",
        f"name = {_text(f'{plot.product} community')}",
        'timezone = "Asia/Jakarta"',
        'languages = ["en", "id"]',
        "",
    ]
    for source in SOURCES:
        parts += [
            f"[sources.{source}]",
            f'kind = "{source}"',
            f'url = "https://community.example/{source}"',
            f"staff = {_list(_accounts(cast, 'staff', source))}",
            f"bots = {_list(_accounts(cast, 'bot', source))}",
            "",
        ]
    for area, (title, team, owner) in _AREAS.items():
        words = [word for arc in plot.arcs if _area(arc.theme) == area for word in texts.themes()[arc.theme].words]
        if words:
            parts += [f"[areas.{area}]", f"title = {_text(title)}", f"team = {_text(team)}", f"owner = {_text(owner)}"]
            parts += [f"keywords = {_list(list(dict.fromkeys(words)))}", ""]
    for name, statement in _VALUES.items():
        parts += [f"[values.{name}]", f"statement = {_text(statement)}", ""]
    return "\n".join(parts)


def _accounts(cast: Cast, kind: str, source: str) -> list[str]:
    return [person.accounts[source] for person in cast.people if person.kind == kind and source in person.accounts]


def _area(theme: str) -> str:
    return texts.themes()[theme].area


def _text(value: str) -> str:
    """Return a TOML string: JSON's quoting is part of TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"
