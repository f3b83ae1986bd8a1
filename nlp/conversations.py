"""Groups of posts that are one long thread: few people can fill one, and its words wander through many groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nlp.matching import NONE, Labels

# How many times the people that a subject needs must speak of one that is one thread.
_PEOPLE_OF_ONE_THREAD = 3


def main_thread(threads: Sequence[int | None]) -> int | None:
    """Return the thread that holds more than half of these posts, if one does; `None` is a post in no thread."""
    if not threads:
        return None
    thread, count = Counter(threads).most_common(1)[0]
    return thread if count > len(threads) / 2 else None


def least_people(min_people: int, *, is_one_thread: bool) -> int:
    """Return how many people must speak of a subject, where `min_people` do of any other."""
    return min_people * (_PEOPLE_OF_ONE_THREAD if is_one_thread else 1)


def joined(groups: Labels, threads: Sequence[int | None]) -> tuple[Labels, frozenset[int]]:
    """Return groups with those that are the same thread as one, the first of them, and which groups are one thread.

    A thread is a group when most of what it has in groups (`NONE` is none) lies in such as are mostly its own. The day
    of a busy channel, which speaks of everything, is not.
    """
    rows_of = {int(group): np.flatnonzero(groups == group).tolist() for group in np.unique(groups[groups != NONE])}
    sizes = Counter(threads[row] for rows in rows_of.values() for row in rows)
    own: dict[int, list[int]] = {}
    for group, rows in rows_of.items():
        thread = main_thread([threads[row] for row in rows])
        if thread is not None:
            own.setdefault(thread, []).append(group)
    found, alone = groups.copy(), set()
    for thread, parts in own.items():
        if sum(threads[row] == thread for part in parts for row in rows_of[part]) > sizes[thread] / 2:
            found[np.isin(groups, parts)] = parts[0]
            alone.add(parts[0])
    return found, frozenset(alone)
