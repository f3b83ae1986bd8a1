"""`suara themes`: what the community talks about, and people's edits of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from suara.cli.output import not_blank, open_warehouse, print_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from jobs.parts import Part

themes = typer.Typer(
    help="Look at themes and edit them. An edit is kept through every later run, and can be undone.",
    no_args_is_help=True,
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Theme = Annotated[int, typer.Argument(metavar="THEME", help="Number of the theme, from `suara themes list`.")]
_By = Annotated[
    str, typer.Option("--by", metavar="NAME", callback=not_blank, help="Your name; it stands in the theme's history.")
]
_Posts = Annotated[list[int] | None, typer.Option("--post", metavar="POST", help="Number of a post; repeatable.")]
_EXCERPT = 160
_PRINTED = "The next `suara run weekly` prints it."


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.add_typer(themes, name="themes")


@themes.command("list")
def list_command(*, json: _Json = False) -> None:
    """List all themes, largest first."""
    from warehouse import theme_lists

    with open_warehouse() as connection:
        rows = theme_lists.list_themes(connection)
    columns = [
        "theme_id",
        "name",
        "area",
        "owner",
        "status",
        "merged_into",
        "posts",
        "most_people",
        "born_week",
        "last_week",
    ]
    print_rows(rows, columns, json=json, empty="No themes yet. They come with: suara run weekly")


@themes.command("show")
def show_command(
    theme: _Theme,
    *,
    parts: Annotated[bool, typer.Option("--parts", help="Show what could be split off instead.")] = False,
    json: _Json = False,
) -> None:
    """Show a theme week by week with posts that stand for it, or the parts that it is made of."""
    from warehouse import registry, theme_lists

    with open_warehouse() as connection:
        name = registry.require_theme(connection, theme)
        found = _parts(connection, theme) if parts else []
        rows = [] if parts else theme_lists.theme_weeks(connection, theme)
        posts = [] if parts or json else theme_lists.shown_by(connection, theme, chars=_EXCERPT)
    if parts:
        table = [
            {"part": part.number, "people": part.people, "posts": len(part.posts), "keywords": list(part.keywords[:4]),
             "example": part.example, "post_ids": list(part.posts)}
            for part in found
        ]  # fmt: skip
        print_rows(table, ["part", "people", "posts", "keywords", "example"], json=json, empty="It has no parts.")
        return
    if not json:
        typer.echo(f"Theme {theme}, '{name}'")
    columns = ["week", "people", "posts", "negative_posts", "sentiment_posts", "keywords"]
    print_rows(rows, columns, json=json, empty=f"Theme {theme} has no week with posts.")
    if posts:
        typer.echo(f"Posts that stand for it in the week of {posts[0]['week']}:")
        for post in posts:
            typer.echo(f"  {post['post_id']}  {post['words']}")


@themes.command("history")
def history_command(theme: _Theme, *, json: _Json = False) -> None:
    """Show what happened to a theme, by the weekly runs and by people."""
    from warehouse import registry, theme_lists

    with open_warehouse() as connection:
        registry.require_theme(connection, theme)
        rows = theme_lists.theme_events(connection, theme)
    for row in rows if not json else ():
        row["detail"] = {key: _short(value) for key, value in row["detail"].items()}
    columns = ["event_id", "created_at", "week", "kind", "actor", "detail"]
    print_rows(rows, columns, json=json, empty=f"Nothing has happened to theme {theme}.")


@themes.command("rename")
def rename_command(
    theme: _Theme, name: Annotated[str, typer.Argument(callback=not_blank, help="The new name.")], *, by: _By
) -> None:
    """Give a theme a name that no later run changes."""
    from jobs import edits

    with open_warehouse() as connection:
        old = edits.rename(connection, theme, name=name, by=by)
    typer.echo(f"Theme {theme} is now '{name}' (was '{old}'). {_PRINTED}")


@themes.command("merge")
def merge_command(
    theme: _Theme, *, into: Annotated[int, typer.Option("--into", metavar="THEME", help="Where it lives on.")], by: _By
) -> None:
    """Let a theme live on in another one, with all that it took and will take."""
    from jobs import edits
    from warehouse import registry

    with open_warehouse() as connection:
        edits.merge(connection, theme, into=into, by=by)
        name = registry.require_theme(connection, into)
    typer.echo(f"Theme {theme} lives on in theme {into}, '{name}'. {_PRINTED}")


@themes.command("split")
def split_command(
    theme: _Theme,
    name: Annotated[str, typer.Argument(callback=not_blank, help="Name of the new theme.")],
    *,
    part: Annotated[int | None, typer.Option("--part", help="A part, from `suara themes show THEME --parts`.")] = None,
    post: _Posts = None,
    by: _By,
) -> None:
    """Make a part of a theme, or posts of it, a theme of its own; later posts like them follow."""
    from jobs import edits

    if (part is None) == (not post):
        message = "name either a part (--part 2) or posts (--post 17 --post 23)"
        raise typer.BadParameter(message)
    with open_warehouse() as connection:
        posts = post or _part(_parts(connection, theme), part)
        made = edits.split(connection, theme, posts=posts, name=name, by=by)
    typer.echo(f"Theme {made}, '{name}', has {len(posts)} posts of theme {theme}. {_PRINTED}")


@themes.command("assign")
def assign_command(
    theme: _Theme,
    *,
    post: _Posts = None,
    area: Annotated[str | None, typer.Option("--area", help="A key under [areas] of suara.toml.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it.")] = None,
    by: _By,
) -> None:
    """Put posts into a theme, or a theme into an area or under an owner."""
    from jobs import edits

    if not (post or area or owner):
        message = "name at least one --post, --area or --owner"
        raise typer.BadParameter(message)
    if area is not None:
        _require_area(area)
    with open_warehouse() as connection:
        if post:
            edits.assign(connection, theme, posts=post, by=by)
        if area or owner:
            edits.place(connection, theme, area=area, owner=owner, by=by)
    told = [f"has {len(post)} posts more"] if post else []
    told += [f"belongs to {area}"] if area else []
    told += [f"is {owner}'s"] if owner else []
    typer.echo(f"Theme {theme} {' and '.join(told)}. {_PRINTED}")


@themes.command("retire")
def retire_command(theme: _Theme, *, by: _By) -> None:
    """Say that a theme is none: what it took and will take counts as in no theme."""
    from jobs import edits

    with open_warehouse() as connection:
        edits.retire(connection, theme, by=by)
    typer.echo(f"Theme {theme} is retired. {_PRINTED}")


@themes.command("audit")
def audit_command(
    *,
    weeks: Annotated[int, typer.Option("--weeks", min=1, help="So many weeks, up to the newest that ran.")] = 8,
    json: _Json = False,
) -> None:
    """Cluster weeks of posts afresh and print what that proposes: themes to merge, to split, or that are missing.

    Nothing is changed: `merge`, `split` and `assign` are for people.
    """
    from jobs.audit import audited
    from jobs.context import open_context

    with open_warehouse() as connection:
        found = audited(connection, open_context(), weeks=weeks)
    rows = [
        {"proposal": one.kind, "theme_id": one.theme, "into": one.into, "share": f"{one.share:.0%}",
         "posts": len(posts), "about": list(phrases[:4]), "post_ids": list(posts)}
        for one, posts, phrases in found.proposals
    ]  # fmt: skip
    empty = f"{found.posts:,} posts of {found.weeks[0]} to {found.weeks[1]} clustered afresh: nothing to propose."
    print_rows(rows, ["proposal", "theme_id", "into", "share", "posts", "about"], json=json, empty=empty)


@themes.command("undo")
def undo_command(
    event: Annotated[int, typer.Argument(metavar="EVENT", help="Number of the edit, from `suara themes history`.")],
    *,
    by: _By,
) -> None:
    """Take an edit back; all others stay."""
    from jobs import edits

    with open_warehouse() as connection:
        edit = edits.undo(connection, event, by=by)
    typer.echo(f"Theme {edit.theme_id} is as if it had not been {edit.kind}. {_PRINTED}")


def _parts(connection: Connection, theme: int) -> list[Part]:
    from jobs.context import open_context
    from jobs.parts import parts

    return parts(connection, open_context(), theme)


def _part(found: Sequence[Part], number: int | None) -> list[int]:
    chosen = next((part for part in found if part.number == number), None)
    if chosen is None:
        message = f"there is no part {number}; there are {len(found)}"
        raise typer.BadParameter(message)
    return list(chosen.posts)


def _require_area(area: str) -> None:
    from kernel.errors import InputError
    from kernel.settings import read_settings

    areas = read_settings().community.areas
    if area not in areas:
        message = f"suara.toml has no area '{area}'"
        raise InputError(message, remedy=f"It has {', '.join(areas)}." if areas else "Write it there, under [areas].")


def _short(value: Any) -> Any:
    """Return a detail as a listing shows it: of many posts only their number."""
    return len(value) if isinstance(value, dict | list) and len(value) > 4 else value
