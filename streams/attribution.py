"""Whose words a dead letter holds, as far as that can be read, and their deletion when the member is forgotten.

A refused record broke the contract, so it is read leniently: a JSON text that is cut, not quite UTF-8 or of the wrong
shape still names its author. One that is no JSON, or names no source and no account, belongs to nobody that could be
known: it goes by its age (`warehouse.letters`). A refused erasure is a request, not words, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import psycopg
from pydantic_core import from_json

from streams.events import MemberErasedEvent
from streams.stage import Key
from streams.triage import LetterId, source_of
from warehouse.letters import CLEAR_FORGOTTEN

Named = tuple[LetterId, set[Key]]
_TOGETHER = 500


def accounts_in(key: bytes | None, value: bytes | None) -> set[Key]:
    """Return the accounts (source and account id) whose words or acts a refused record may hold. Never raises."""
    try:
        event = from_json((value or b"").decode(errors="replace").removeprefix("\ufeff"), allow_partial=True)
    except ValueError:
        return set()
    if not isinstance(event, dict) or event.get("type") == MemberErasedEvent.__struct_config__.tag:
        return set()
    sources = {source_of(key), _source_in(event.get("source"))} - {None}
    return {(str(source), account) for source in sources for account in _named(event.get("data"))}


def clear_of(driver: psycopg.Connection[Any], members: Collection[Key]) -> int:
    """Delete the words of these accounts from all dead letters; return how many letters that concerned."""
    wanted = set(members)
    names = [name.encode() for _, name in wanted]
    return _clear(driver, _letters(driver, names), wanted.intersection)


def clear_of_forgotten(driver: psycopg.Connection[Any], forgotten: Callable[[Collection[Key]], set[Key]]) -> int:
    """Delete from all dead letters the words of accounts that `forgotten` picks; return how many that concerned."""
    return _clear(driver, _letters(driver), forgotten)


def clear_these(driver: psycopg.Connection[Any], letters: Sequence[LetterId]) -> int:
    """Delete the words of these letters; return how many still had some."""
    if not letters:
        return 0
    return driver.execute(CLEAR_FORGOTTEN, [list(column) for column in zip(*letters, strict=True)]).rowcount


def accounts_of_letters(driver: psycopg.Connection[Any]) -> set[Key]:
    """Return all accounts that dead letters name."""
    return {account for rows in _letters(driver) for _, found in rows for account in found}


def doomed(named: Sequence[Named], forgotten: Callable[[Collection[Key]], set[Key]]) -> list[LetterId]:
    """Return which of the letters name an account that `forgotten` picks."""
    gone = forgotten(set().union(*(found for _, found in named)))
    return [letter for letter, found in named if found & gone]


def _clear(
    driver: psycopg.Connection[Any], letters: Iterable[list[Named]], forgotten: Callable[[Collection[Key]], set[Key]]
) -> int:
    return clear_these(driver, [letter for named in letters for letter in doomed(named, forgotten)])


def _letters(driver: psycopg.Connection[Any], names: Sequence[bytes] | None = None) -> Iterator[list[Named]]:
    """Yield letters with the accounts that they name; with `names`, all that may name one of these.

    JSON may write any letter of an id as an escape, so what holds a backslash must be read to be known.
    """
    with driver.cursor("dead_letters") as cursor:
        cursor.execute(_LETTERS if names is None else _NAMING, None if names is None else [list(names)])
        while rows := cursor.fetchmany(_TOGETHER):
            named = [(LetterId(*place), accounts_in(key, value)) for *place, key, value in rows]
            yield [each for each in named if each[1]]


def _source_in(urn: object) -> str | None:
    parts = urn.split(":", 3) if isinstance(urn, str) else []
    return parts[3] if len(parts) == 4 else None


def _named(said: object) -> Iterator[str]:
    """Yield what may be an account's id where events name their author or member."""
    if not isinstance(said, dict):
        return
    for place in (said.get("author"), said.get("member"), said.get("member_id")):
        found = place.get("id") if isinstance(place, dict) else place
        if isinstance(found, str | int) and not isinstance(found, bool):
            yield str(found)


_LETTERS = """
    select topic, kafka_partition, kafka_offset, record_key, payload from raw.rejected_event
    where cleared_at is null and payload is not null
"""
_NAMING = rf"""{_LETTERS}
    and (position('\x5c'::bytea in payload) > 0
         or exists (select from unnest(%s::bytea[]) name where position(name in payload) > 0))
"""
