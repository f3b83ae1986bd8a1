"""Which area of the product a theme belongs to, by the keywords that a person wrote into suara.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kernel.community import AreaTable

# Least share of a theme's posts that must use an area's words.
LEAST_SHARE = 0.2


def area_of(areas: Mapping[str, AreaTable], keywords: Sequence[str], texts: Sequence[str]) -> str | None:
    """Return the area whose words most of a theme's posts use, or None where too few use any.

    A word in the theme's own keywords counts as much as a tenth of its posts: it is what sets the theme apart.
    """
    scores: dict[str, float] = {}
    for name, area in areas.items():
        if area.keywords:
            pattern = _pattern(area.keywords)
            share = sum(bool(pattern.search(text)) for text in texts) / max(len(texts), 1)
            named = sum(bool(pattern.search(phrase)) for phrase in keywords)
            if share >= LEAST_SHARE:
                scores[name] = share + 0.1 * named
    return max(scores, key=lambda name: scores[name], default=None)


def _pattern(keywords: Sequence[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(keywords, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{words})", re.IGNORECASE)
