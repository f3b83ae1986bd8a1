"""Members who asked to be forgotten: the sink takes their words out of `core` and keeps later events of theirs out.

A tombstone is a salted hash, so that the list of the forgotten is not itself a list of people:
`sha256(salt + source + U+001F + account id)`. The salt is made once for each warehouse. What the
archive and the text steps still hold is deleted by the privacy role; the sink may delete nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import psycopg

from streams.attribution import accounts_in, clear_of, clear_of_forgotten, clear_these, doomed
from streams.stage import Key
from streams.triage import LetterId

Refused = tuple[LetterId, bytes | None, bytes | None]
SALT = "tombstone_salt"


def forgotten_of(driver: psycopg.Connection[Any], members: Collection[Key]) -> set[Key]:
    """Return which of these accounts (source and account id) have a tombstone."""
    if not members or driver.execute("select from privacy.tombstone limit 1").fetchone() is None:
        return set()
    salt = _salt(driver)
    hashes = {member_hash(salt, *member): member for member in members}
    found = driver.execute("select member_hash from privacy.tombstone where member_hash = any(%s)", [list(hashes)])
    return {hashes[bytes(row[0])] for row in found}


def bury(driver: psycopg.Connection[Any], erased: Mapping[Key, datetime]) -> None:
    """Write tombstones, and take out of `core` the accounts' names, their words, and the titles of their threads.

    Dead letters that hold their words lose them too.
    """
    salt = _salt(driver)
    for (source, member), requested_at in sorted(erased.items()):
        driver.execute(
            "insert into privacy.tombstone (member_hash) values (%s) on conflict do nothing",
            [member_hash(salt, source, member)],
        )
        found = driver.execute(_FORGET_MEMBER, [requested_at, source, member]).fetchone()
        if found is not None:
            driver.execute(_FORGET_REVISIONS, found)
            driver.execute(_FORGET_TITLES, found)
            driver.execute(_FORGET_REASONS, found)
            driver.execute(_FORGET_POSTS, found)
    clear_of(driver, erased)


def clear_refused(driver: psycopg.Connection[Any], refused: Sequence[Refused]) -> set[LetterId]:
    """Delete the words of those dead letters (id, key and value) whose member is forgotten by now; return which."""
    named = [(letter, accounts_in(key, value)) for letter, key, value in refused]
    gone = doomed(named, partial(forgotten_of, driver))
    clear_these(driver, gone)
    return set(gone)


def clear_all_refused(driver: psycopg.Connection[Any]) -> int:
    """Delete the words of all dead letters whose member is forgotten by now; return how many there were."""
    if driver.execute("select from privacy.tombstone limit 1").fetchone() is None:
        return 0
    return clear_of_forgotten(driver, partial(forgotten_of, driver))


def member_hash(salt: str, source: str, member: str) -> bytes:
    """Return the tombstone of an account."""
    return hashlib.sha256(f"{salt}{source}\x1f{member}".encode()).digest()


def _salt(driver: psycopg.Connection[Any]) -> str:
    driver.execute(
        "insert into ops.setting (name, value) values (%s, %s) on conflict do nothing", [SALT, secrets.token_hex(32)]
    )
    row = driver.execute("select value from ops.setting where name = %s", [SALT]).fetchone()
    assert row is not None  # noqa: S101 - written just before
    return str(row[0])


_FORGET_MEMBER = """
    update core.member m set erased_at = least(m.erased_at, %s), display_name = null, opted_out = true
    from core.source s where s.source_id = m.source_id and s.name = %s and m.external_id = %s
    returning m.member_id
"""
_FORGET_REVISIONS = """
    update core.post_revision r set title = null, body = null
    from core.post p where p.member_id = %s and r.source_id = p.source_id and r.external_id = p.external_id
"""
# Later posts and thread events that name the thread give it a title again.
_FORGET_TITLES = """
    update core.thread t set title = null
    from core.post p where p.member_id = %s and p.is_thread_start and p.thread_id = t.thread_id
"""
# Who says why a post is no copy may quote it.
_FORGET_REASONS = """
    update core.duplicate_event e set reason = null
    from core.post p where p.member_id = %s and p.post_id = e.post_id
"""
# The greatest version there is: no event, however late, writes the words back.
_FORGET_POSTS = """
    update core.post set status = 'erased', version = 9223372036854775807, title = null, body = null, url = null,
        tags = '{}', reaction_counts = '{}', changed_at = now()
    where member_id = %s and status <> 'erased'
"""
