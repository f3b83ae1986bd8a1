"""What the warehouse must hold after a history, said slowly and plainly: the oracle of the sink's tests.

It looks at the whole set of events at once, so that order, repetition and batches cannot matter to it. Surrogate keys
and times of loading are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from streams.events import (
    Author,
    Event,
    MemberUpdated,
    ModerationDecided,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostRestored,
    PostState,
    ReactionAdded,
    ReactionRemoved,
    ThreadUpdated,
)

Tables = dict[str, dict[Any, Any]]

_POSTS = (PostCreated, PostEdited, PostDeleted, PostRestored)
_REACTIONS = (ReactionAdded, ReactionRemoved)


def reduce(history: Iterable[Event]) -> Tables:
    """Return the content of each table of `core`, by natural key."""
    events = list({event.id: event for event in history}.values())
    tables: Tables = {
        "source": {_source(event)[1]: _source(event)[0] for event in events},
        "member": {key: _member(key, events) for key in {key for event in events for key in _named(event)}},
        "thread": {key: _thread(key, events) for key in {key for event in events for key in _threads(event)}},
        "post": {},
        "revision": {},
        "reaction": {},
        "decision": {},
    }
    for key, changes in _by(events, _POSTS, lambda data: (data.post_id,)).items():
        tables["post"][key] = _post(max(changes, key=lambda event: (event.data.version, event.id)))
        for event in changes:
            state = event.data if isinstance(event.data, PostState) else None
            words = (state.title, state.body) if state else (None, None)
            tables["revision"][*key, event.data.version] = (_happened(event), event.time, *words)
    for key, changes in _by(events, _REACTIONS, lambda data: (data.post_id, data.member.id, data.kind)).items():
        newest = max(changes, key=lambda event: event.data.version)
        removed = newest.time if isinstance(newest, ReactionRemoved) else None
        added = max((event.time for event in changes if isinstance(event, ReactionAdded)), default=None)
        tables["reaction"][key] = (newest.data.version, added, removed)
    for key, changes in _by(events, (ModerationDecided,), lambda data: (data.decision_id,)).items():
        d = max(changes, key=lambda event: event.data.version).data
        tables["decision"][key] = (
            d.post_id,
            d.action,
            d.reason_code,
            d.policy_ref,
            d.decided_by,
            d.decided_at,
            d.version,
        )
    return tables


def _post(event: Any) -> tuple[Any, ...]:
    data = event.data
    always = (data.thread_id, data.author.id, data.version, data.created_at, data.is_thread_start, event.id)
    if isinstance(event, PostDeleted):
        return (*always, "deleted", None, None, None, "text", None, [], None, None, None, None, None, {})
    return (
        *always, "live", data.title, data.body, data.edited_at, data.body_format, data.url, list(data.tags),
        data.category, data.rating, data.app_version, data.lang, data.parent_post_id, data.reaction_counts,
    )  # fmt: skip


def _member(key: tuple[str, str], events: list[Event]) -> tuple[Any, ...]:
    naming = [event for event in events if key in _named(event)]
    seen_at = max(event.time for event in naming)
    told = [event for event in naming if isinstance(event, MemberUpdated)]
    if told:
        data = max(told, key=lambda event: event.data.version).data
        return (data.display_name, data.role, data.joined_at, data.opted_out, data.version, seen_at)
    ranks = ["member", "moderator", "staff", "bot"]
    mentions = [
        (event.time, author.display_name or "", ranks.index(author.role))
        for event in naming
        if (author := _author(event))
    ]
    telling = [mention for mention in mentions if mention[1:] != ("", 0)]
    _, name, role = max(telling, default=(None, "", 0))
    return (name or None, ranks[role], None, False, -1, seen_at)


def _thread(key: tuple[str, str], events: list[Event]) -> tuple[Any, ...]:
    about = [event for event in events if key in _threads(event)]
    titles = [(event.time, title) for event in about if (title := _title(event))]
    categories = [(event.time, category) for event in about if (category := getattr(event.data, "category", None))]
    told = [event.data for event in about if isinstance(event, ThreadUpdated)]
    newest = max(told, key=lambda data: data.version, default=None)
    state = (newest.status, newest.solved_post_id, newest.version) if newest else ("open", None, -1)
    return (max(titles, default=(0, None))[1], max(categories, default=(0, None))[1], *state)


def _title(event: Event) -> str | None:
    data = event.data
    if isinstance(data, PostState):
        return data.thread_title or (data.title if data.is_thread_start else None)
    return getattr(data, "title", None)


def _author(event: Event) -> Author | None:
    return getattr(event.data, "author", None) or getattr(event.data, "member", None)


def _named(event: Event) -> set[tuple[str, str]]:
    author = _author(event)
    member = author.id if author else getattr(event.data, "member_id", None)
    return {(_source(event)[1], member)} if member is not None else set()


def _threads(event: Event) -> set[tuple[str, str]]:
    return {(_source(event)[1], event.data.thread_id)} if isinstance(event, (*_POSTS, ThreadUpdated)) else set()


def _by(events: list[Event], kinds: tuple[type, ...], key: Any) -> dict[tuple[Any, ...], list[Any]]:
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for event in events:
        if isinstance(event, kinds):
            groups.setdefault((_source(event)[1], *key(event.data)), []).append(event)
    return groups


def _happened(event: Event) -> str:
    return type(event).__name__.removeprefix("Post").lower()


def _source(event: Event) -> tuple[str, str]:
    _, _, kind, name = event.source.split(":")
    return kind, name


def read_core(connection: Connection, source: str) -> Tables:
    """Return the same content from the warehouse, for one source."""
    return {name: _read(connection, query, source) for name, query in _QUERIES.items()}


def _read(connection: Connection, query: tuple[int, str], source: str) -> dict[Any, Any]:
    width, statement = query
    rows = [tuple(row) for row in connection.execute(text(statement), {"source": source})]
    found = {row[:width] if width > 1 else row[0]: row[width:] if len(row) - width > 1 else row[-1] for row in rows}
    assert len(found) == len(rows), "a natural key stands twice"
    return found


_QUERIES = {
    "source": (1, "select name, kind from core.source where name = :source"),
    "member": (2, """
        select s.name, m.external_id, display_name, role, joined_at, opted_out, version, seen_at
        from core.member m join core.source s using (source_id) where s.name = :source"""),
    "thread": (2, """
        select s.name, t.external_id, title, category, status, solved_post_external_id, version
        from core.thread t join core.source s using (source_id) where s.name = :source"""),
    "post": (2, """
        select s.name, p.external_id, t.external_id, m.external_id, p.version, p.created_at, is_thread_start,
               last_event_id, p.status, p.title, body, edited_at, body_format, p.url, tags, p.category, rating,
               app_version, lang_hint, parent_external_id, reaction_counts
        from core.post p join core.source s using (source_id) join core.thread t using (thread_id)
        join core.member m using (member_id) where s.name = :source"""),
    "revision": (3, """
        select s.name, r.external_id, version, event_type, event_time, title, body
        from core.post_revision r join core.source s using (source_id) where s.name = :source"""),
    "reaction": (4, """
        select s.name, post_external_id, m.external_id, r.kind, r.version, reacted_at, removed_at
        from core.reaction r join core.source s using (source_id) join core.member m using (member_id)
        where s.name = :source"""),
    "decision": (2, """
        select s.name, d.external_id, post_external_id, action, reason_code, policy_ref, decided_by, decided_at, version
        from core.moderation_decision d join core.source s using (source_id) where s.name = :source"""),
}  # fmt: skip
