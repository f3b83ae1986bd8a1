"""What people decided about themes: a fold over their edits, in the order in which they were made.

Edits are events that are only ever appended; an undone one is one that the fold leaves out. All that a person can
change about a theme is the outcome of this fold, so that the registry can be made again from its events at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What a person can do to a theme; `undone` takes one of the others back.
KINDS = ("renamed", "merged", "split", "assigned", "placed", "retired")
UNDONE = "undone"


@dataclass(frozen=True)
class Edit:
    """An event by a person. `detail` says what changed, from what to what; its keys depend on the kind."""

    event_id: int
    theme_id: int
    kind: str
    detail: Mapping[str, Any]

    @property
    def posts(self) -> Mapping[int, int | None]:
        """The posts that this edit put into a theme, and the theme that each was in before."""
        return {int(post): before for post, before in self.detail.get("posts", {}).items()}

    @property
    def target(self) -> int:
        """The theme that the posts went to."""
        return int(self.detail["made"]) if self.kind == "split" else self.theme_id

    @property
    def touched(self) -> tuple[int, ...]:
        """All themes that this edit is about."""
        return (self.theme_id, *(int(self.detail[key]) for key in ("made", "into") if key in self.detail))


@dataclass
class Decided:
    """What holds for one theme after all edits; None where the machine decides.

    `machine_name` is what it was called when a person last renamed it while it had no name by a person.
    """

    name: str | None = None
    area: str | None = None
    owner: str | None = None
    merged_into: int | None = None
    retired: bool = False
    machine_name: str | None = None


@dataclass
class Decisions:
    """The outcome of all edits: by theme, and for each post that was ever put somewhere where it is now.

    `posts` holds None for a post that was in no theme before the edit that was undone; `pinned` are those that an edit
    still holds. `made` are the themes that were split off.
    """

    themes: dict[int, Decided] = field(default_factory=dict)
    posts: dict[int, int | None] = field(default_factory=dict)
    pinned: dict[int, int] = field(default_factory=dict)
    made: set[int] = field(default_factory=set)

    def root(self, theme_id: int) -> int:
        """Return the theme in which a theme lives on."""
        while (into := self.themes[theme_id].merged_into if theme_id in self.themes else None) is not None:
            theme_id = into
        return theme_id


def standing(edits: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the edits that were not undone, oldest first."""
    undone = {int(edit.detail["event"]) for edit in edits if edit.kind == UNDONE}
    yield from (edit for edit in edits if edit.kind != UNDONE and edit.event_id not in undone)


def fold(edits: Sequence[Edit]) -> Decisions:
    """Return what holds after these edits, oldest first."""
    found = Decisions()
    renamings: dict[int, set[int]] = defaultdict(set)
    for edit in edits:
        _remember_before(found, edit, renamings[edit.theme_id])
    for edit in standing(edits):
        _apply(found, edit)
    found.posts |= found.pinned
    for theme_id, decided in found.themes.items():
        if decided.merged_into is not None:
            decided.merged_into = found.root(theme_id)
    return found


def _remember_before(found: Decisions, edit: Edit, renamings: set[int]) -> None:
    """Take down what was before people's edits, whether they stand or not.

    `renamings` are those of the theme that stood when the edit was made. Between them a run may give it another name.
    """
    decided = found.themes.setdefault(edit.theme_id, Decided())
    if edit.kind == "renamed":
        decided.machine_name = decided.machine_name if renamings else str(edit.detail["from"])
        renamings.add(edit.event_id)
    elif edit.kind == UNDONE:
        renamings.discard(int(edit.detail["event"]))
    for post, before in edit.posts.items():
        found.posts.setdefault(post, before)
    if edit.kind == "split":
        # A split that was undone leaves a theme that lives on in the one it came from.
        found.themes.setdefault(edit.target, Decided()).merged_into = edit.theme_id


def _apply(found: Decisions, edit: Edit) -> None:
    decided = found.themes[edit.theme_id]
    match edit.kind:
        case "renamed":
            decided.name = str(edit.detail["to"])
        case "merged":
            decided.merged_into = int(edit.detail["into"])
        case "retired":
            decided.retired = True
        case "placed":
            decided.area = edit.detail.get("area", decided.area)
            decided.owner = edit.detail.get("owner", decided.owner)
        case "split":
            made = found.themes[edit.target]
            made.merged_into = None
            made.name = str(edit.detail["name"])
            found.made.add(edit.target)
    for post in edit.posts:
        found.pinned[post] = edit.target
