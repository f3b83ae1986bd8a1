"""People's edits of themes: checked, appended as events, and folded into the registry and the marts at once.

Each function takes an open transaction and raises `InputError` for an edit that makes no sense. What a weekly run finds
later never changes what an edit decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection

from kernel.errors import InputError
from nlp import edits
from nlp.edits import Edit
from warehouse import edits as store
from warehouse.registry import theme_row


def rename(connection: Connection, theme_id: int, *, name: str, by: str) -> str:
    """Give a theme a name that no run changes; return the old one."""
    old = _open(connection, theme_id)["name"]
    store.append(connection, theme_id, "renamed", by=by, detail={"from": old, "to": name})
    _project(connection, [theme_id])
    return str(old)


def merge(connection: Connection, theme_id: int, *, into: int, by: str) -> None:
    """Let a theme live on in another one: what it takes, now and later, counts there."""
    _open(connection, theme_id)
    _open(connection, into)
    if theme_id == into:
        message = f"theme {theme_id} cannot be merged into itself"
        raise InputError(message, remedy="Name two themes of `suara themes list`.")
    store.append(connection, theme_id, "merged", by=by, detail={"into": into})
    _project(connection, [theme_id, into])


def split(connection: Connection, theme_id: int, *, posts: Sequence[int], name: str, by: str) -> int:
    """Give posts of a theme one of their own; return its id. Later posts like them follow."""
    _open(connection, theme_id)
    places = _places(connection, posts)
    decisions = edits.fold(_edits(connection))
    elsewhere = [post for post, (_, held) in places.items() if held is None or decisions.root(held) != theme_id]
    if elsewhere:
        message = f"not in theme {theme_id}: {_listed(elsewhere)}"
        raise InputError(message, remedy=f"`suara themes show {theme_id} --parts` shows what can be split off.")
    made = store.make_theme(connection, name=name, week=min(week for week, _ in places.values()))
    detail = {"made": made, "name": name, "posts": _before(places)}
    store.append(connection, theme_id, "split", by=by, detail=detail)
    _project(connection, [theme_id, made])
    return made


def assign(connection: Connection, theme_id: int, *, posts: Sequence[int], by: str) -> None:
    """Put posts into a theme, where every later run leaves them."""
    _open(connection, theme_id)
    store.append(connection, theme_id, "assigned", by=by, detail={"posts": _before(_places(connection, posts))})
    _project(connection, [theme_id])


def place(connection: Connection, theme_id: int, *, area: str | None, owner: str | None, by: str) -> None:
    """Put a theme into an area of suara.toml or give it an owner; None leaves either as it is."""
    row = _open(connection, theme_id)
    wanted = {key: value for key, value in (("area", area), ("owner", owner)) if value is not None}
    detail = {**wanted, "from": {key: row[key] for key in wanted}}
    store.append(connection, theme_id, "placed", by=by, detail=detail)
    _project(connection, [theme_id])


def retire(connection: Connection, theme_id: int, *, by: str) -> None:
    """Say that a theme is none: its posts, now and later, count as in no theme."""
    _open(connection, theme_id)
    store.append(connection, theme_id, "retired", by=by, detail={})
    _project(connection, [theme_id])


def undo(connection: Connection, event_id: int, *, by: str) -> Edit:
    """Take an edit back and return it; the others stay as if it had never been."""
    store.lock_registry(connection)
    made = _edits(connection)
    edit = next((one for one in made if one.event_id == event_id), None)
    if edit is None or edit.kind == edits.UNDONE:
        message = f"event {event_id} is no edit by a person"
        raise InputError(message, remedy="`suara themes history THEME` shows the number of each edit.")
    still = list(edits.standing(made))
    if edit not in still:
        message = f"event {event_id} is undone already"
        raise InputError(message, remedy=f"See: suara themes history {edit.theme_id}")
    resting = [one.event_id for one in still if edit.kind == "split" and one != edit and edit.target in one.touched]
    if resting:
        message = f"theme {edit.target}, which event {event_id} made, has been edited since"
        raise InputError(message, remedy=f"Undo these first, newest first: {_listed(resting)}")
    store.append(connection, edit.theme_id, edits.UNDONE, by=by, detail={"event": event_id, "kind": edit.kind})
    _project(connection, edit.touched)
    return edit


def replay(connection: Connection) -> None:
    """Make all that people decided again from the events alone; changes nothing where the registry is right."""
    _project(connection, sorted(edits.fold(_edits(connection)).themes))


def standing(connection: Connection) -> list[Edit]:
    """Return the edits that were not undone, oldest first."""
    return list(edits.standing(_edits(connection)))


def decided(connection: Connection) -> edits.Decisions:
    """Return what holds after all edits."""
    return edits.fold(_edits(connection))


def _project(connection: Connection, touched: Sequence[int]) -> None:
    before = _edits(connection)
    decisions = edits.fold(before)
    rows = [{"theme_id": theme_id, **asdict(one)} for theme_id, one in sorted(decisions.themes.items())]
    store.write_decisions(connection, rows)
    posts = sorted({post for edit in before if {*edit.touched} & {*touched} for post in edit.posts})
    moved = {post: decisions.posts[post] for post in posts}
    store.move_posts(connection, moved, pinned=[post for post in posts if post in decisions.pinned])
    store.refresh(connection, touched, posts)


def _edits(connection: Connection) -> list[Edit]:
    keys = ("event_id", "theme_id", "kind", "detail")
    return [Edit(**{key: row[key] for key in keys}) for row in store.read_edits(connection)]


def _open(connection: Connection, theme_id: int) -> dict[str, Any]:
    """Return a theme that can be edited, with the registry locked: one that lives on by itself."""
    store.lock_registry(connection)
    row = theme_row(connection, theme_id)
    if row["merged_into"] is not None:
        message = f"theme {theme_id} lives on in theme {row['merged_into']}"
        remedy = f"Edit that one, or undo the merge; its number is in: suara themes history {theme_id}"
        raise InputError(message, remedy=remedy)
    if row["status"] == "retired":
        message = f"theme {theme_id} is retired"
        raise InputError(message, remedy=f"Undo that first; its number is in: suara themes history {theme_id}")
    return row


def _places(connection: Connection, posts: Sequence[int]) -> dict[int, tuple[date, int | None]]:
    places = store.places_of(connection, posts)
    unknown = [post for post in posts if post not in places]
    if unknown or not posts:
        message = f"no such posts in the marts: {_listed(unknown)}" if unknown else "no posts are named"
        raise InputError(message, remedy="Their numbers are in mart.fct_post; a day comes there with: suara run daily")
    return places


def _before(places: Mapping[int, tuple[date, int | None]]) -> dict[str, int | None]:
    return {str(post): held for post, (_, held) in sorted(places.items())}


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in sorted(numbers, reverse=True)[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
