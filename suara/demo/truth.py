"""What is true of a generated community, and no program may see before it is graded."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from kernel.model import FeedbackType, Role, Sentiment
from suara.demo.plot import Incident, Release, Shape


class PostTruth(msgspec.Struct, frozen=True, kw_only=True):
    """One post as it stands at the end. `None` where even a careful reader might doubt.

    `group` names the copies of one text. `pii` are the personal data in it, as written. `tone` marks a reply that
    lives up to the community's values, or breaks them.
    """

    source: str
    post_id: str
    thread_id: str
    account: str
    person: str
    role: Role
    at: datetime
    week: int
    version: int
    status: Literal["live", "deleted"]
    is_start: bool
    language: str
    mixed: bool
    theme: str | None
    subject: str | None
    sentiment: Sentiment | None
    feedback_type: FeedbackType | None
    spam: bool
    words: int
    group: str | None
    pii: tuple[str, ...]
    tone: Literal["kind", "rude"] | None

    @property
    def is_counted(self) -> bool:
        """Whether it was written by a person of the community: not staff, not a program, not spam."""
        return self.role in ("member", "moderator") and not self.spam


class ThemeTruth(msgspec.Struct, frozen=True, kw_only=True):
    """One theme: its course, and how many posts of the community are in it each week."""

    theme: str
    title: str
    area: str
    shape: Shape
    weekly: tuple[int, ...]
    people: int


class ThreadTruth(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation that still has posts: who began it, and whether anybody else answered."""

    source: str
    thread_id: str
    answered: bool
    is_counted: bool


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The whole truth. `events` counts distinct events; `people` maps a person to their accounts by source."""

    seed: int
    product: str
    first: date
    weeks: int
    events: int
    posts: tuple[PostTruth, ...]
    themes: tuple[ThemeTruth, ...]
    threads: tuple[ThreadTruth, ...]
    people: dict[str, dict[str, str]]
    helpers: tuple[str, ...]
    newcomers: dict[str, int]
    release: Release
    incident: Incident
    decisions: int
    reactions: int
