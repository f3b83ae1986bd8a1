"""Who was forgotten, known from outside of a warehouse, so that no older copy of it and no replay brings words back.

Three places know: the warehouse in use, the topic of erasures for as long as the log is kept, and a small file in the
home, which the sink writes after each erasure and every backup writes too. Joined, they are known here as `Known`. The
file holds salted hashes and the salt, mode 0600: neither names nor ids.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from kernel.clock import SystemClock
from kernel.errors import InputError
from kernel.settings import KafkaSettings
from streams.attribution import accounts_of_letters
from streams.broker import logs
from streams.events import MemberErasedEvent
from streams.forgotten import SALT, bury, member_hash
from streams.past import Past, Stretch
from streams.reader import judge
from streams.stage import Arrival, Key, source_of
from streams.topics import Topic

FILE = "tombstones.json"

Driver = psycopg.Connection[Any]
Known = Mapping[str, Mapping[str, str]]
"""By salt: the hash of each forgotten account in hex, with the time of its erasure in ISO 8601."""


def of_warehouse(driver: Driver) -> Known:
    """Return what a warehouse knows."""
    salt = _salt_of(driver)
    if salt is None:
        return {}
    rows = driver.execute("select encode(member_hash, 'hex'), erased_at from privacy.tombstone").fetchall()
    return {salt: {name: at.isoformat() for name, at in rows}}


def read(path: Path) -> Known:
    """Return what a file knows; nothing where there is none. Raises `InputError` when it cannot be read as one."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return {str(salt): {str(name): str(at) for name, at in hashes.items()} for salt, hashes in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as error:
        message = f"{path} is no list of tombstones"
        raise InputError(
            message, remedy="Bring it back from where you copy it to, or delete it if it is lost."
        ) from error


def keep(path: Path, found: Known) -> None:
    """Add to a file, which is replaced whole. Nothing is ever taken out of it."""
    known = joined([read(path), found])
    if not known:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def joined(parts: Iterable[Known]) -> dict[str, dict[str, str]]:
    """Return what several places know together; of two times the earlier one."""
    known: dict[str, dict[str, str]] = {}
    for part in parts:
        for salt, hashes in part.items():
            mine = known.setdefault(salt, {})
            for name, at in hashes.items():
                mine[name] = min(mine.get(name, at), at, key=datetime.fromisoformat)
    return known


def asked(kafka: KafkaSettings, topic: str = Topic.ERASURE) -> dict[Key, datetime]:
    """Return the accounts whose erasure is in the log, with the time of the request. Moves nobody's offsets."""
    found: dict[Key, datetime] = {}
    with Past(kafka) as past:
        for place, log in sorted(logs(kafka, [topic]).items()):
            for records in past.read(Stretch(place, log.begin, log.end)):
                for judged in (judge(record, SystemClock()) for record in records):
                    if isinstance(judged, Arrival) and isinstance(judged.event, MemberErasedEvent):
                        event = judged.event
                        key = (source_of(event.source)[1], event.data.member_id)
                        found[key] = min(found.get(key, event.data.requested_at), event.data.requested_at)
    return found


def carry(driver: Driver, known: Known, requests: Mapping[Key, datetime]) -> int:
    """Write tombstones into a warehouse and take everything of these accounts out of it; return how many it knew.

    Needs the owner's rights and an open transaction: nobody sees the warehouse with tombstones and with words.
    """
    salt = _salt_of(driver)
    if salt is None and known:
        salt = max(known, key=lambda each: (len(known[each]), each))
        driver.execute("insert into ops.setting (name, value) values (%s, %s)", [SALT, salt])
    for name, at in known.get(salt or "", {}).items():
        driver.execute(_TOMBSTONE, [bytes.fromhex(name), at])
    doomed = dict(requests)
    for source, member in {*driver.execute(_MEMBERS).fetchall(), *accounts_of_letters(driver)}:
        for each, hashes in known.items():
            erased_at = hashes.get(member_hash(each, source, member).hex())
            if erased_at is not None:
                doomed.setdefault((source, member), datetime.fromisoformat(erased_at))
    if not doomed:
        return 0
    bury(driver, doomed)
    driver.execute("create temp table doomed_account (source text, account text) on commit drop")
    with driver.cursor() as cursor:
        cursor.executemany("insert into doomed_account values (%s, %s)", list(doomed))
    for statement in _PURGE:
        driver.execute(statement)
    return int(driver.execute(_COUNT).fetchall()[0][0])


def _salt_of(driver: Driver) -> str | None:
    row = driver.execute("select value from ops.setting where name = %s", [SALT]).fetchone()
    return None if row is None else str(row[0])


_MEMBERS = "select s.name, m.external_id from core.member m join core.source s using (source_id)"
_TOMBSTONE = "insert into privacy.tombstone (member_hash, erased_at) values (%s, %s) on conflict do nothing"
_COUNT = """
    select count(*) from doomed_account d
    join core.source s on s.name = d.source
    join core.member m on m.source_id = s.source_id and m.external_id = d.account
"""
_OF_DOOMED = """
    select p.post_id from doomed_account d
    join core.source s on s.name = d.source
    join core.member m on m.source_id = s.source_id and m.external_id = d.account
    join core.post p on p.member_id = m.member_id
"""
# What `bury` leaves: the archive, what the text steps made of the words, and what reports froze of them.
_PURGE = (
    f"create temp table doomed_post on commit drop as {_OF_DOOMED}",
    r"""
    with said as materialized (
        select e.tableoid, e.ctid, split_part(e.source, ':', 4) as source,
               replace(e.payload, '\u0000', '\ufffd')::jsonb -> 'data' as said
        from raw.event e where e.type <> 'community.member.erased.v1'
    )
    delete from raw.event e using said x, doomed_account d
    where e.tableoid = x.tableoid and e.ctid = x.ctid and d.source = x.source
      and d.account = coalesce(x.said -> 'author' ->> 'id', x.said -> 'member' ->> 'id', x.said ->> 'member_id')
    """,
    "delete from privacy.pii_span where post_id in (select post_id from doomed_post)",
    """
    with gone as (
        delete from core.post_annotation where post_id in (select post_id from doomed_post)
        returning post_id, text_sha256
    )
    delete from core.post_embedding v using gone g
    where v.text_sha256 = g.text_sha256 and not exists (
        select from core.post_annotation a where a.text_sha256 = g.text_sha256
            and a.post_id not in (select post_id from gone)
    )
    """,
    "delete from mart.fct_post where post_id in (select post_id from doomed_post)",
    "update mart.report_thread set title = null, url = null where first_post_id in (select post_id from doomed_post)",
    """
    update mart.report_quote set quoted = '', quoted_sha256 = encode(sha256(''::bytea), 'hex'), url = null
    where post_id in (select post_id from doomed_post)
    """,
)
