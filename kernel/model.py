"""The frozen values that travel between rooms. They hold no behaviour and know no database.

`post_id`, `thread_id`, `member_id`, `person_id`, `theme_id` are the warehouse's own keys. Times are aware. A score is a
probability in [0, 1]; `None` always means unknown, never zero.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

Role = Literal["member", "moderator", "staff", "bot"]
BodyFormat = Literal["text", "markdown", "html"]
SourceKind = Literal["forum", "chat", "reviews", "tracker", "mail", "other"]
Sentiment = Literal["negative", "neutral", "positive"]
FeedbackType = Literal["bug", "request", "question", "complaint", "praise", "other"]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One post as it stands now, with the keys that lead to its thread, member and person."""

    post_id: int
    version: int
    source: str
    source_kind: SourceKind
    thread_id: int
    member_id: int
    person_id: int
    role: Role
    created_at: datetime
    body: str
    body_format: BodyFormat = "text"
    title: str | None = None
    is_thread_start: bool = False
    rating: int | None = None
    lang_hint: str | None = None


class PiiSpan(msgspec.Struct, frozen=True):
    """A stretch of personal data in a post's clean text: characters `start <= i < end`."""

    kind: str
    start: int
    end: int


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """What the text steps found in one version of one post.

    `clean` is the text without quotes, code, markup and signatures, still with personal data; `masked` is the same with
    personal data replaced by `[kind]`: the only text that leaves `core`. `text_sha256` is of the text that is encoded
    (the masked, cut one), so that equal texts share one vector. `steps` names the versions of all steps.
    """

    post_id: int
    version: int
    language: str
    language_confidence: float
    clean: str
    masked: str
    encoded: str
    text_sha256: bytes
    words: int
    pii: tuple[PiiSpan, ...] = ()
    sentiment: Sentiment | None = None
    sentiment_score: float | None = None
    feedback_type: FeedbackType | None = None
    type_score: float | None = None
    toxicity: float | None = None
    spam: float | None = None
    is_spam: bool = False
    duplicate_of: int | None = None
    steps: str = ""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A post in a theme. `method` says how it came there: known (a remembered theme), born, or person."""

    post_id: int
    theme_id: int
    confidence: float
    method: Literal["known", "born", "person"]


class Interval(msgspec.Struct, frozen=True):
    """A confidence interval at `level`; either end may be unknown."""

    low: float | None
    high: float | None
    level: float = 0.95


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a report with everything needed to check it.

    `id` is stable from week to week (`response.answered_within_24h`, `theme.12.people`). `query` names a file in
    `reports/queries/`, `params` its parameters. `value` is None where the number is unknown. `n` of `total` is the
    evidence (numerator and denominator). `series` holds points of a line, oldest first, None where unknown.
    `desirable` is the direction that is good: +1, -1, or 0 for neither. `significant` is the verdict after
    false-discovery control, None where no test was made.
    """

    id: str
    label: str
    query: str
    unit: Literal["people", "posts", "threads", "share", "hours", "ratio", "count", "days", "text"]
    value: float | None
    n: int | None = None
    total: int | None = None
    previous: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    q_value: float | None = None
    significant: bool | None = None
    desirable: int = 0
    definition: str = "1"
    note: str | None = None
    series: tuple[float | None, ...] = ()
    series_labels: tuple[str, ...] = ()
    params: dict[str, str | int | float | None] = {}


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """Words of one post, verbatim from its masked text: characters `start <= i < end`, with the text's own sha256."""

    id: str
    theme_id: int | None
    stance: Literal["quote", "counter"]
    post_id: int
    version: int
    start: int
    end: int
    text: str
    text_sha256: str
    language: str
    source: str
    created_on: date
    url: str | None = None
    sentiment: Sentiment | None = None
