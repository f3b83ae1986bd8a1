"""From a batch of events to the rows that are merged into the warehouse. Pure: no database, no clock.

Within a batch the same rules hold as between batches (`streams/sql`), so that a history gives the same warehouse
however it is cut: the newest version wins; what posts only mention in passing (a name, a title) comes from the newest
that says it; ties are broken by content, never by arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from streams.broker import Record
from streams.events import (
    Author,
    Event,
    MemberErasedEvent,
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

Key = tuple[str, str]
Row = tuple[Any, ...]


class Arrival(NamedTuple):
    """An event that was accepted, with the record that carried it and when the broker appended that."""

    record: Record
    record_ts: datetime
    event: Event


@dataclass(slots=True)
class SeenMember:
    """What a batch says of one account. `described_at` is the time of the post or reaction that named it."""

    seen_at: datetime
    described_at: datetime | None = None
    name: str | None = None
    role: str = "member"
    version: int = -1
    joined_at: datetime | None = None
    opted_out: bool = False


@dataclass(slots=True)
class SeenThread:
    """What a batch says of one thread; title and category with the time of the event that gave them."""

    title: tuple[datetime, str] | None = None
    category: tuple[datetime, str] | None = None
    version: int = -1
    status: str = "open"
    solved: str | None = None


@dataclass
class Staged:
    """Rows by table, each natural key once (but for `posts`: one row an event, with the newest of a post marked)."""

    sources: dict[str, str] = field(default_factory=dict)
    members: dict[Key, SeenMember] = field(default_factory=dict)
    threads: dict[Key, SeenThread] = field(default_factory=dict)
    posts: list[Row] = field(default_factory=list)
    newest: dict[Key, int] = field(default_factory=dict)
    reactions: dict[tuple[str, str, str, str], Row] = field(default_factory=dict)
    decisions: dict[Key, Row] = field(default_factory=dict)
    erased: dict[Key, datetime] = field(default_factory=dict)

    def source_rows(self) -> Iterable[Row]:
        """Return rows of `stage_source`."""
        return self.sources.items()

    def member_rows(self) -> Iterable[Row]:
        """Return rows of `stage_member`."""
        return (
            (*key, m.seen_at, m.described_at, m.version, m.name, m.role, m.joined_at, m.opted_out)
            for key, m in self.members.items()
        )

    def thread_rows(self) -> Iterable[Row]:
        """Return rows of `stage_thread`."""
        for key, t in self.threads.items():
            title_at, title = t.title or (None, None)
            category_at, category = t.category or (None, None)
            yield (*key, title, title_at, category, category_at, t.version, t.status, t.solved)

    def post_rows(self) -> Iterable[Row]:
        """Return rows of `stage_post`."""
        newest = set(self.newest.values())
        return ((*row, place in newest) for place, row in enumerate(self.posts))

    def reaction_rows(self) -> Iterable[Row]:
        """Return rows of `stage_reaction`."""
        return ((*key, *row) for key, row in self.reactions.items())

    def decision_rows(self) -> Iterable[Row]:
        """Return rows of `stage_decision`."""
        return ((*key, *row) for key, row in self.decisions.items())


def stage(arrivals: Iterable[Arrival]) -> Staged:
    """Return the rows that these events make."""
    staged = Staged()
    for _, _, event in arrivals:
        kind, name = source_of(event.source)
        if staged.sources.setdefault(name, kind) == "other":
            staged.sources[name] = kind
        _STAGERS[type(event)](staged, name, event)
    return staged


@lru_cache(maxsize=10_000)
def source_of(urn: str) -> tuple[str, str]:
    """Return kind and name of a source, from `urn:community:<kind>:<name>`."""
    _, _, kind, name = urn.split(":", 3)
    return kind, name


def account_of(event: Event) -> Key | None:
    """Return the account (source and its own id) whose words or acts an event holds, or None where it is nobody's."""
    data = event.data
    author = getattr(data, "author", None) or getattr(data, "member", None)
    member = author.id if author is not None else getattr(data, "member_id", None)
    return None if member is None else (source_of(event.source)[1], member)


_KINDS: dict[type, str] = {
    PostCreated: "created",
    PostEdited: "edited",
    PostDeleted: "deleted",
    PostRestored: "restored",
}
_json = msgspec.json.Encoder()


def _post(staged: Staged, source: str, event: Any) -> None:
    post, at = event.data, event.time
    _mention(staged, source, post.author, at)
    thread = _thread(staged, source, post.thread_id)
    if isinstance(post, PostState):
        title = post.thread_title or (post.title if post.is_thread_start else None)
        if title and (thread.title is None or (at, title) > thread.title):
            thread.title = (at, title)
        if post.category and (thread.category is None or (at, post.category) > thread.category):
            thread.category = (at, post.category)
    key = (source, post.post_id)
    best = staged.newest.get(key)
    if best is None or staged.posts[best][2:4] < (post.version, event.id):
        staged.newest[key] = len(staged.posts)
    staged.posts.append(_post_row(source, event, post))


def _post_row(source: str, event: Any, post: Any) -> Row:
    ref = (
        source, post.post_id, post.version, event.id, _KINDS[type(event)], event.time, post.thread_id, post.author.id,
        post.created_at, post.is_thread_start,
    )  # fmt: skip
    if not isinstance(post, PostState):
        return (*ref, None, None, None, None, "text", None, [], None, None, None, None, "{}", "deleted")
    return (
        *ref, post.parent_post_id, post.edited_at, post.title, post.body, post.body_format, post.url, list(post.tags),
        post.category, post.rating, post.app_version, post.lang,
        _json.encode(post.reaction_counts).decode() if post.reaction_counts else "{}", "live",
    )  # fmt: skip


def _reaction(staged: Staged, source: str, event: Any) -> None:
    reaction, at = event.data, event.time
    _mention(staged, source, reaction.member, at)
    key = (source, reaction.post_id, reaction.member.id, reaction.kind)
    added = isinstance(event, ReactionAdded)
    row: Row = (reaction.version, at if added else None, None if added else at)
    before = staged.reactions.get(key)
    if before is not None:
        newest = row if row[0] > before[0] else before
        row = (newest[0], max((r[1] for r in (before, row) if r[1] is not None), default=None), newest[2])
    staged.reactions[key] = row


def _thread_updated(staged: Staged, source: str, event: ThreadUpdated) -> None:
    state, at = event.data, event.time
    thread = _thread(staged, source, state.thread_id)
    if state.title and (thread.title is None or (at, state.title) > thread.title):
        thread.title = (at, state.title)
    if state.category and (thread.category is None or (at, state.category) > thread.category):
        thread.category = (at, state.category)
    if state.version > thread.version:
        thread.version, thread.status, thread.solved = state.version, state.status, state.solved_post_id


def _member_updated(staged: Staged, source: str, event: MemberUpdated) -> None:
    state = event.data
    seen = _member(staged, (source, state.member_id), event.time)
    if state.version > seen.version:
        seen.version, seen.name, seen.role = state.version, state.display_name, state.role
        seen.joined_at, seen.opted_out = state.joined_at, state.opted_out


def _decision(staged: Staged, source: str, event: ModerationDecided) -> None:
    decision = event.data
    key = (source, decision.decision_id)
    before = staged.decisions.get(key)
    if before is None or decision.version > before[-1]:
        staged.decisions[key] = (
            decision.post_id, decision.action, decision.reason_code, decision.policy_ref, decision.decided_by,
            decision.decided_at, decision.flagged_at, decision.appeal_of, decision.version,
        )  # fmt: skip


def _erased(staged: Staged, source: str, event: MemberErasedEvent) -> None:
    key, at = (source, event.data.member_id), event.data.requested_at
    _member(staged, key, event.time)
    staged.erased[key] = min(staged.erased.get(key, at), at)


# Of two roles at one time the rarer one counts: a list of bots or staff that was corrected shows in a second import.
_RANKS: dict[str, int] = {"member": 0, "moderator": 1, "staff": 2, "bot": 3}


def _mention(staged: Staged, source: str, author: Author, at: datetime) -> None:
    """Note that an event names an account. A bare id says nothing about name and role, so it changes neither."""
    seen = _member(staged, (source, author.id), at)
    if not author.display_name and author.role == "member":
        return
    told = (at, author.display_name or "", _RANKS[author.role])
    if seen.described_at is None or told > (seen.described_at, seen.name or "", _RANKS[seen.role]):
        if seen.version < 0:
            seen.name, seen.role = author.display_name or None, author.role
        seen.described_at = at


def _member(staged: Staged, key: Key, at: datetime) -> SeenMember:
    seen = staged.members.get(key)
    if seen is None:
        seen = staged.members[key] = SeenMember(at)
    elif at > seen.seen_at:
        seen.seen_at = at
    return seen


def _thread(staged: Staged, source: str, thread: str) -> SeenThread:
    key = (source, thread)
    found = staged.threads.get(key)
    if found is None:
        found = staged.threads[key] = SeenThread()
    return found


_STAGERS: dict[type, Callable[[Staged, str, Any], None]] = {
    PostCreated: _post,
    PostEdited: _post,
    PostDeleted: _post,
    PostRestored: _post,
    ReactionAdded: _reaction,
    ReactionRemoved: _reaction,
    ThreadUpdated: _thread_updated,
    MemberUpdated: _member_updated,
    ModerationDecided: _decision,
    MemberErasedEvent: _erased,
}
