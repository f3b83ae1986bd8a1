"""Personal data in clean text: e-mail, phone, NIK, card, IBAN, IP, handle, street address, secret key and name.

Shapes find candidates and checks decide: Luhn for cards, mod 97 for IBANs, province and birth date for NIKs, numbering
plans for phones, and the words around where a shape alone would be a guess. Where spans meet, the more telling kind
wins. The masked text holds `[kind]` in place of each, and nothing that would be found again.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection, Sequence, Set

from kernel.model import PiiSpan
from nlp.pii import names, numbers, online, streets

VERSION = "pii-4"
# The more telling kind first: it wins where two claim the same characters.
KINDS = ("email", "iban", "nik", "card", "phone", "ip", "key", "address", "handle", "name")


def find(texts: Sequence[str], *, products: Collection[str] = ()) -> list[tuple[PiiSpan, ...]]:
    """Return the personal data in each clean text, in order and never overlapping.

    Who greets or thanks one of the `products` names no person.
    """
    no_names = frozenset(word for name in products for word in name.lower().split())
    return [_all_of(text, no_names) for text in texts]


def mask(text: str, spans: Sequence[PiiSpan]) -> str:
    """Return the text with `[kind]` in place of each span."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], f"[{span.kind}]"]
        end = span.end
    return "".join([*pieces, text[end:]])


def _all_of(text: str, no_names: Set[str]) -> tuple[PiiSpan, ...]:
    """Look again at what is masked: a mask can lay open what its neighbour hid, such as the second of two numbers."""
    spans: tuple[PiiSpan, ...] = ()
    found = _once(text, no_names)
    while len(found) > len(spans):
        spans = found
        more = _once(mask(text, spans), no_names)
        found = _resolve([*spans, *(_unmasked(span, spans) for span in more)])
    return spans


def _once(text: str, no_names: Set[str]) -> tuple[PiiSpan, ...]:
    lowered = text.lower()
    return _resolve(
        [
            *online.find(text, lowered), *numbers.find(text, lowered), *streets.find(text, lowered),
            *names.find(text, lowered, no_names),
        ]
    )  # fmt: skip


def _unmasked(span: PiiSpan, masked: Sequence[PiiSpan]) -> PiiSpan:
    """Return where a span of the masked text stands in the text itself."""
    moved = 0
    for other in masked:
        if other.start + moved >= span.end:
            break
        moved += len(f"[{other.kind}]") - (other.end - other.start)
    return PiiSpan(span.kind, span.start - moved, span.end - moved)


def _resolve(spans: Sequence[PiiSpan]) -> tuple[PiiSpan, ...]:
    """Keep the more telling of spans that overlap, the longer of equals."""
    if len(spans) < 2:
        return tuple(spans)
    kept: list[PiiSpan] = []
    for span in sorted(spans, key=lambda span: (KINDS.index(span.kind), span.start - span.end, span.start)):
        place = bisect(kept, span.start, key=lambda other: other.start)
        starts_free = place == 0 or kept[place - 1].end <= span.start
        if starts_free and (place == len(kept) or span.end <= kept[place].start):
            kept.insert(place, span)
    return tuple(kept)
