"""What the steps of today would make of posts that older ones have read: compared, and nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.context import Context, open_context
from jobs.daily import encode, prepare
from kernel.model import Annotation
from nlp import annotate, pii
from warehouse import posts

_MOST_KINDS = 3


@dataclass(frozen=True)
class Changed:
    """A field of an annotation: how many posts were compared, how many would change, and from what to what most do."""

    field: str
    compared: int
    changed: int
    mostly: tuple[str, ...]


def shadow(number: int) -> tuple[str, list[Changed]]:
    """Annotate so many posts anew beside what is stored; return the steps of today and what would change.

    Posts that other steps have read come first, so that a new version shows what it does; they are always the same.
    """
    context = open_context()
    with context.begin() as connection:
        sample = posts.read_annotated(connection, steps=context.steps, number=number)
    fresh = _annotations(context, sample)
    pairs = [(before, after) for (_, before), after in zip(sample, fresh, strict=True)]
    return context.steps, [_compare(field, pairs) for field in FIELDS]


FIELDS = ("language", "personal data", "encoded text", "sentiment", "feedback_type", "is_spam")


def _annotations(context: Context, sample: Sequence[tuple[Any, Mapping[str, Any]]]) -> list[Annotation]:
    prepared = prepare(context, [post for post, _ in sample])
    vectors = encode(context, [(one.text_sha256, one.encoded) for one in prepared], keep=False)
    return annotate.judge(prepared, vectors, duplicates={}, encoder=context.encoder_name)


def _compare(field: str, pairs: Sequence[tuple[Mapping[str, Any], Annotation]]) -> Changed:
    said = [(_value(field, before), _value(field, after)) for before, after in pairs]
    ways = Counter(f"{_told(old)} to {_told(new)}" for old, new in said if old != new)
    shown = () if field == "encoded text" else tuple(f"{way}: {n}" for way, n in ways.most_common(_MOST_KINDS))
    return Changed(field, len(said), sum(ways.values()), shown)


def _value(field: str, annotation: Mapping[str, Any] | Annotation) -> Any:
    name = {"encoded text": "text_sha256", "personal data": "masked"}.get(field, field)
    value = annotation[name] if isinstance(annotation, Mapping) else getattr(annotation, name)
    if field == "personal data":  # by its marks in the text: the places themselves are for the privacy role alone
        return ", ".join(sorted({kind for kind in pii.KINDS if f"[{kind}]" in value}))
    return value


def _told(value: Any) -> str:
    return "none" if value in (None, "") else str(value)
