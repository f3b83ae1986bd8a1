"""What a refit of everything would make of the themes: proposals for people, who alone merge and split.

All posts of some weeks are clustered afresh, without what is remembered. Where the fresh groups agree with each other
and not with the themes, a theme may be one too many, one too few, or missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nlp import conversations
from nlp.matching import NONE, Labels

# Most of a theme's posts lie in one group with most of another's: one subject.
_SAME_GROUP = 0.6
# A group that holds this share of a theme, as most of what the group is, is a part of its own.
_PART = 0.25
_MOST = 0.5
_LEAST_IN_A_PART = 10


@dataclass(frozen=True)
class Proposal:
    """What may be done: `merge` a theme into `into`, `split` it, or look at posts that are in no theme (`new`).

    `share` is how much of the theme, or of the fresh group, speaks for it; `posts` are those it is about.
    """

    kind: Literal["merge", "split", "new"]
    theme: int | None
    into: int | None
    share: float
    posts: tuple[int, ...]

    def told(self, phrases: Sequence[str]) -> str:
        """Return the proposal in a sentence."""
        about = f"{len(self.posts)} posts about {', '.join(phrases[:3]) or 'one thing'}"
        match self.kind:
            case "merge":
                return f"theme {self.theme} may be theme {self.into}: {about} lie together"
            case "split":
                return f"theme {self.theme} may hold another: {about} lie apart"
        return f"no theme holds {about}"


def propose(
    fine: Labels,
    coarse: Labels,
    themes: Labels,
    people: Sequence[int],
    threads: Sequence[int | None],
    *,
    min_people: int,
) -> list[Proposal]:
    """Return proposals by fresh groups and the themes of the same posts (`NONE` for no theme), surest first.

    What even a fine cut leaves together may be one theme, and what even a coarse one parts may be two. `people` are who
    wrote the posts, and in which `threads`; what fewer than `min_people` say is no subject, and one thread needs more.
    """
    found = [*_merges(fine, themes), *_splits(coarse, themes), *_births(fine, themes, people, threads, min_people)]
    return sorted(found, key=lambda one: (one.kind, -one.share, one.theme or 0, one.posts[:1]))


def _merges(groups: Labels, themes: Labels) -> list[Proposal]:
    sizes = {int(theme): int((themes == theme).sum()) for theme in np.unique(themes) if theme != NONE}
    home = {}
    for theme, size in sizes.items():
        counts = np.bincount(groups[themes == theme])
        if size >= _LEAST_IN_A_PART and counts.max() >= _SAME_GROUP * size:
            home[theme] = (int(counts.argmax()), float(counts.max()) / size)
    found = []
    for theme, (group, share) in sorted(home.items()):
        larger = [o for o, (g, _) in home.items() if g == group and (sizes[o], -o) > (sizes[theme], -theme)]
        if larger:
            into = max(larger, key=lambda other: (sizes[other], -other))
            posts = np.flatnonzero((themes == theme) & (groups == group))
            found.append(Proposal("merge", theme, into, min(share, home[into][1]), tuple(posts.tolist())))
    return found


def _splits(groups: Labels, themes: Labels) -> list[Proposal]:
    found = []
    for theme in (int(one) for one in np.unique(themes) if one != NONE):
        counts = np.bincount(groups[themes == theme])
        parts = [
            group
            for group in np.flatnonzero(counts >= max(_LEAST_IN_A_PART, _PART * counts.sum())).tolist()
            if counts[group] >= _MOST * (groups == group).sum()
        ]
        if len(parts) > 1:
            smaller = min(parts, key=lambda group: (counts[group], group))
            posts = np.flatnonzero((themes == theme) & (groups == smaller))
            found.append(Proposal("split", theme, None, float(counts[smaller] / counts.sum()), tuple(posts.tolist())))
    return found


def _births(
    groups: Labels, themes: Labels, people: Sequence[int], threads: Sequence[int | None], min_people: int
) -> list[Proposal]:
    found = []
    for group in np.unique(groups):
        rows = np.flatnonzero((groups == group) & (themes == NONE)).tolist()
        share = len(rows) / int((groups == group).sum())
        alone = conversations.main_thread([threads[row] for row in rows]) is not None
        least = conversations.least_people(min_people, is_one_thread=alone)
        enough = len(rows) >= _LEAST_IN_A_PART and len({people[row] for row in rows}) >= least
        if share >= _SAME_GROUP and enough:
            found.append(Proposal("new", None, None, share, tuple(rows)))
    return found
