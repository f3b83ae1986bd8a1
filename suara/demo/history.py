"""Drafts become posts with ids, and each post gets a history: written, edited, deleted, restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import msgspec

from kernel.model import SourceKind
from streams.events import Author, Event, Maker, PostCreated, PostEdited, PostRef, PostRestored, PostState
from suara.demo import texts
from suara.demo.conversation import Draft
from suara.demo.people import Cast, Person
from suara.demo.plot import Plot

KINDS: Mapping[str, SourceKind] = {"forum": "forum", "chat": "chat", "reviews": "reviews"}
_LETTERS = {"forum": ("p", "t"), "chat": ("c", "k"), "reviews": ("v", "v")}
_EDITED, _DELETED, _RESTORED, _CAUGHT = 0.025, 0.012, 0.3, 0.4

Told = list[tuple[datetime, Event]]


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A draft with the ids that its source gave it."""

    draft: Draft
    post_id: str
    thread_id: str
    parent_id: str | None

    @property
    def author(self) -> Author:
        """Who wrote it, as events name them."""
        return author_of(self.draft.by, self.draft.source)

    @property
    def is_start(self) -> bool:
        """Whether it begins its thread."""
        return self.draft.ref == self.draft.thread


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a post stands at the end; `gone` is when it was deleted for good."""

    version: int
    body: str
    gone: datetime | None = None


@dataclass(frozen=True)
class Scene:
    """What telling needs: the story, the people, the sources' event makers, and lots."""

    plot: Plot
    cast: Cast
    makers: Mapping[str, Maker]
    lots: Random

    @property
    def until(self) -> datetime:
        """When the story ends."""
        return self.plot.midnight(self.plot.weeks)


def author_of(person: Person, source: str) -> Author:
    """Return how events name somebody at a source."""
    return Author(id=person.accounts[source], display_name=person.name, role=person.role)


def place(drafts: Sequence[Draft]) -> list[Placed]:
    """Number posts and threads in the order of time."""
    ordered = sorted(drafts, key=lambda draft: (draft.at, draft.ref))
    numbers = {draft.ref: 100 + number * 3 for number, draft in enumerate(ordered)}
    return [
        Placed(
            draft=draft,
            post_id=f"{_LETTERS[draft.source][0]}{numbers[draft.ref]}",
            thread_id=f"{_LETTERS[draft.source][1]}{numbers[draft.thread]}",
            parent_id=None if draft.parent is None else f"{_LETTERS[draft.source][0]}{numbers[draft.parent]}",
        )
        for draft in ordered
    ]


def tell(scene: Scene, post: Placed, title: str | None) -> tuple[Told, Ending]:
    """Return the events of one post's life and how it ends; `title` is its thread's."""
    draft, maker, lots = post.draft, scene.makers[post.draft.source], scene.lots
    state = _written(scene, post, title)
    told: Told = [(draft.at, maker.post(PostCreated, state, at=draft.at))]
    edited_at = draft.at + timedelta(minutes=lots.uniform(2, 120))
    if _is_of_people(draft) and draft.part != "copy" and lots.random() < _EDITED and edited_at < scene.until:
        note = lots.choice(texts.frames()[draft.words.language]["edit"]["say"])
        state = _next(state, body=f"{state.body} {note}", edited_at=edited_at)
        told.append((edited_at, maker.post(PostEdited, state, at=edited_at)))
    gone = _gone(scene, draft)
    if gone is None or gone >= scene.until:
        return told, Ending(version=state.version, body=state.body)
    ref = _ref(state)
    told.append((gone, maker.deleted(ref, at=gone)))
    back = gone + timedelta(hours=lots.uniform(0.5, 30))
    if draft.spam or lots.random() >= _RESTORED or back >= scene.until:
        return told, Ending(version=ref.version, body=state.body, gone=gone)
    state = _next(state, version=ref.version + 1)
    return [*told, (back, maker.post(PostRestored, state, at=back))], Ending(version=state.version, body=state.body)


def _is_of_people(draft: Draft) -> bool:
    return not draft.spam and draft.part not in ("bot", "staff") and draft.words.subject != "foreign"


def _gone(scene: Scene, draft: Draft) -> datetime | None:
    """Draw when a post is deleted: by moderators where it is spam, by its author where they think again."""
    if draft.spam and scene.lots.random() < _CAUGHT:
        return draft.at + timedelta(minutes=scene.lots.uniform(6, 400))
    if _is_of_people(draft) and scene.lots.random() < _DELETED:
        return draft.at + timedelta(hours=scene.lots.uniform(2.1, 40))
    return None


def _written(scene: Scene, post: Placed, title: str | None) -> PostState:
    draft = post.draft
    return PostState(
        post_id=post.post_id,
        thread_id=post.thread_id,
        author=post.author,
        version=0,
        created_at=draft.at,
        is_thread_start=post.is_start,
        body=draft.words.body,
        title=draft.words.title if post.is_start else None,
        parent_post_id=post.parent_id,
        thread_title=title,
        category=_category(draft),
        url=f"https://community.example/{draft.source}/{post.thread_id}#{post.post_id}",
        rating=draft.rating,
        app_version=scene.plot.version_at(draft.at) if draft.rating else None,
    )


def _category(draft: Draft) -> str:
    if draft.source == "reviews":
        return "app store"
    about = draft.words.theme is not None or draft.part == "staff"
    if draft.source == "chat":
        return "help" if about else "random"
    return "Help and ideas" if about else "Lounge"


def _next(state: PostState, **changes: object) -> PostState:
    return msgspec.structs.replace(state, **{"version": state.version + 1, **changes})


def _ref(state: PostState) -> PostRef:
    return PostRef(
        post_id=state.post_id, thread_id=state.thread_id, author=state.author, version=state.version + 1,
        created_at=state.created_at, is_thread_start=state.is_thread_start,
    )  # fmt: skip
