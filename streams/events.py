"""The event contract: CloudEvents 1.0 in structured JSON, as msgspec structs.

Each event about a post carries the full new state and a `version` that grows with every change, so that lost, doubled
and shuffled events heal by version alone. Each carries its `thread_id`, because the key is `<instance>:<thread_id>` and
order holds per key. Member events use `<instance>:member:<id>`.

Adding an optional field is a minor change. Removing, narrowing or requiring one needs a new major in `type` and topic.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from kernel.model import BodyFormat, Role, SourceKind

CONTENT_TYPE = "application/cloudevents+json"

Id = Annotated[str, Meta(min_length=1, max_length=200, description="The source's own id.")]
Label = Annotated[str, Meta(min_length=1, max_length=200)]
Version = Annotated[int, Meta(ge=0, le=2**63 - 2, description="Grows with every change of the object.")]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone.")]
Title = Annotated[str, Meta(max_length=2000)]
Body = Annotated[str, Meta(max_length=200_000)]
Url = Annotated[str, Meta(max_length=2000)]


class Author(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wrote it. `role` is what the source says of the account."""

    id: Id
    display_name: Annotated[str, Meta(max_length=300)] | None = None
    role: Role = "member"


class PostRef(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every event about a post carries, deletions included."""

    post_id: Id
    thread_id: Id
    author: Author
    version: Version
    created_at: Instant
    is_thread_start: bool = False


class PostState(PostRef, frozen=True, kw_only=True, omit_defaults=True):
    """The full state of a post after a change."""

    body: Body
    body_format: BodyFormat = "text"
    title: Title | None = None
    edited_at: Instant | None = None
    parent_post_id: Id | None = None
    thread_title: Title | None = None
    category: Label | None = None
    tags: Annotated[tuple[Label, ...], Meta(max_length=50)] = ()
    url: Url | None = None
    lang: Annotated[str, Meta(max_length=20)] | None = None
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    app_version: Label | None = None
    reaction_counts: dict[Label, Annotated[int, Meta(ge=0, le=2**31 - 1)]] = {}


class Reaction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member's reaction of one kind to one post."""

    post_id: Id
    thread_id: Id
    member: Author
    kind: Label
    version: Version


class ThreadState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of a thread after a change."""

    thread_id: Id
    version: Version
    status: Literal["open", "solved", "closed"] = "open"
    title: Title | None = None
    category: Label | None = None
    solved_post_id: Id | None = None


class MemberState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of an account after a change."""

    member_id: Id
    version: Version
    display_name: Annotated[str, Meta(max_length=300)] | None = None
    role: Role = "member"
    joined_at: Instant | None = None
    opted_out: bool = False


class MemberErased(Struct, frozen=True, kw_only=True):
    """A member asked to be forgotten."""

    member_id: Id
    requested_at: Instant


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A moderator's decision about a post."""

    decision_id: Id
    post_id: Id
    thread_id: Id
    version: Version
    action: Literal["keep", "hide", "remove", "warn", "suspend", "restore"]
    decided_by: Literal["human", "rule", "model"]
    decided_at: Instant
    flagged_at: Instant | None = None
    reason_code: Label | None = None
    policy_ref: Label | None = None
    appeal_of: Id | None = None


class Envelope(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The CloudEvents attributes that all events share. `source` is `urn:community:<kind>:<instance>`."""

    id: Annotated[str, Meta(min_length=1, max_length=1000)]
    source: Annotated[str, Meta(max_length=300, pattern=r"^urn:community:[a-z]+:[a-z0-9][a-z0-9_-]*$")]
    time: Instant
    subject: Annotated[str, Meta(min_length=1, max_length=700)]
    partitionkey: Annotated[str, Meta(min_length=1, max_length=300)]
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, Meta(max_length=300)] | UnsetType = UNSET
    traceparent: Annotated[str, Meta(max_length=60)] | UnsetType = UNSET


class PostCreated(Envelope, frozen=True, kw_only=True, tag="community.post.created.v1"):
    """A post was written."""

    data: PostState


class PostEdited(Envelope, frozen=True, kw_only=True, tag="community.post.edited.v1"):
    """A post was changed."""

    data: PostState


class PostDeleted(Envelope, frozen=True, kw_only=True, tag="community.post.deleted.v1"):
    """A post was taken away; its words are not in the event."""

    data: PostRef


class PostRestored(Envelope, frozen=True, kw_only=True, tag="community.post.restored.v1"):
    """A deleted post came back."""

    data: PostState


class ReactionAdded(Envelope, frozen=True, kw_only=True, tag="community.reaction.added.v1"):
    """A member reacted to a post."""

    data: Reaction


class ReactionRemoved(Envelope, frozen=True, kw_only=True, tag="community.reaction.removed.v1"):
    """A member took a reaction back."""

    data: Reaction


class ThreadUpdated(Envelope, frozen=True, kw_only=True, tag="community.thread.updated.v1"):
    """A thread changed: renamed, moved, solved, closed."""

    data: ThreadState


class MemberUpdated(Envelope, frozen=True, kw_only=True, tag="community.member.updated.v1"):
    """An account changed."""

    data: MemberState


class ModerationDecided(Envelope, frozen=True, kw_only=True, tag="community.moderation.decided.v1"):
    """A moderator decided about a post."""

    data: Decision


class MemberErasedEvent(Envelope, frozen=True, kw_only=True, tag="community.member.erased.v1"):
    """A member is to be forgotten. Travels on a topic of its own."""

    data: MemberErased


PostEvent: TypeAlias = PostCreated | PostEdited | PostDeleted | PostRestored
Event: TypeAlias = (
    PostEvent | ReactionAdded | ReactionRemoved | ThreadUpdated | MemberUpdated | ModerationDecided | MemberErasedEvent
)

EVENT_TYPES: tuple[type[Envelope], ...] = (
    PostCreated, PostEdited, PostDeleted, PostRestored, ReactionAdded, ReactionRemoved,
    ThreadUpdated, MemberUpdated, ModerationDecided, MemberErasedEvent,
)  # fmt: skip

_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """Return the event as CloudEvents JSON bytes."""
    return _encoder.encode(event)


class Maker:
    """Makes events of one source: fills in ids, source, subject and key, deterministically.

    The id is `<instance>:<object>:<version>`, so that sending the same change twice gives the same id.
    """

    def __init__(self, *, kind: SourceKind, instance: str) -> None:
        self.instance = instance
        self._source = f"urn:community:{kind}:{instance}"

    def post(self, kind: type[PostCreated | PostEdited | PostRestored], state: PostState, *, at: datetime) -> Event:
        """Return an event that carries the full state of a post."""
        return kind(data=state, **self._about_post(state.post_id, state.thread_id, state.version, at))

    def deleted(self, ref: PostRef, *, at: datetime) -> Event:
        """Return the event that a post was taken away."""
        return PostDeleted(data=ref, **self._about_post(ref.post_id, ref.thread_id, ref.version, at))

    def reaction(self, kind: type[ReactionAdded | ReactionRemoved], reaction: Reaction, *, at: datetime) -> Event:
        """Return an event about a reaction."""
        name = f"reaction/{reaction.post_id}/{reaction.member.id}/{reaction.kind}"
        return kind(data=reaction, **self._attributes(name, reaction.thread_id, reaction.version, at))

    def thread(self, state: ThreadState, *, at: datetime) -> Event:
        """Return an event that carries the state of a thread."""
        return ThreadUpdated(
            data=state, **self._attributes(f"thread/{state.thread_id}", state.thread_id, state.version, at)
        )

    def member(self, state: MemberState, *, at: datetime) -> Event:
        """Return an event that carries the state of an account."""
        name = f"member/{state.member_id}"
        return MemberUpdated(data=state, **self._attributes(name, f"member:{state.member_id}", state.version, at))

    def erased(self, erased: MemberErased) -> Event:
        """Return the event that a member is to be forgotten."""
        name, key = f"member/{erased.member_id}", f"member:{erased.member_id}"
        return MemberErasedEvent(data=erased, **self._attributes(name, key, 0, erased.requested_at))

    def decision(self, decision: Decision) -> Event:
        """Return the event that a moderator decided."""
        name = f"decision/{decision.decision_id}"
        return ModerationDecided(
            data=decision, **self._attributes(name, decision.thread_id, decision.version, decision.decided_at)
        )

    def _about_post(self, post_id: str, thread_id: str, version: int, at: datetime) -> dict[str, Any]:
        return self._attributes(f"post/{post_id}", thread_id, version, at)

    def _attributes(self, name: str, key: str, version: int, at: datetime) -> dict[str, Any]:
        return {
            "id": f"{self.instance}:{name}:{version}",
            "source": self._source,
            "subject": name,
            "time": at,
            "partitionkey": f"{self.instance}:{key}",
        }
