"""`suara duplicates`: what is said several times, and people's decisions that a post is no copy."""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.calendar import parse_monday
from suara.cli.output import not_blank, open_warehouse, print_rows

duplicates = typer.Typer(
    help="Look at posts that say the same, and part them. Every later run keeps what you decide, and you can undo it.",
    no_args_is_help=True,
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Post = Annotated[int, typer.Argument(metavar="POST", help="Number of the post, from `suara duplicates list`.")]
_By = Annotated[
    str, typer.Option("--by", metavar="NAME", callback=not_blank, help="Your name; it stands in the post's history.")
]
_PRINTED = "The next `suara run weekly` prints it."


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.add_typer(duplicates, name="duplicates")


@duplicates.command("list")
def list_command(
    week: Annotated[str | None, typer.Option("--week", metavar="MONDAY", help="Only what was said in it.")] = None,
    *,
    json: _Json = False,
) -> None:
    """List what is said several times, by most people first. Each line is an original and all that repeat it."""
    from warehouse.duplicates import list_groups

    monday = parse_monday(week) if week else None
    with open_warehouse() as connection:
        rows = list_groups(connection, monday)
    columns = ["post_id", "people", "posts", "sources", "first_day", "last_day", "words"]
    print_rows(rows, columns, json=json, empty="No post repeats another one.")


@duplicates.command("show")
def show_command(post: _Post, *, json: _Json = False) -> None:
    """Show a post and all that say the same, oldest first."""
    from warehouse.duplicates import list_group

    with open_warehouse() as connection:
        rows = list_group(connection, post)
    columns = ["post_id", "original_id", "day", "source", "person_id", "words"]
    print_rows(rows, columns, json=json, empty=f"Post {post} is in no mart.")


@duplicates.command("split")
def split_command(
    post: _Post,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", callback=not_blank, help="Why it is no copy.")],
    by: _By,
) -> None:
    """Say that a post is no copy: it stands for itself, and what repeated it no longer does."""
    from jobs.context import open_context
    from jobs.duplicates import split

    with open_warehouse() as connection:
        before = split(connection, post, zone=open_context().zone, by=by, reason=reason)
    repeated = "was the original of others" if before is None else f"repeated post {before}"
    typer.echo(f"Post {post} stands for itself; it {repeated}. {_PRINTED}")


@duplicates.command("undo")
def undo_command(
    post: _Post,
    *,
    reason: Annotated[str | None, typer.Option("--reason", metavar="WHY", help="Why.")] = None,
    by: _By,
) -> None:
    """Take back that a post is no copy: the steps decide again."""
    from jobs.context import open_context
    from jobs.duplicates import undo

    with open_warehouse() as connection:
        now = undo(connection, post, zone=open_context().zone, by=by, reason=reason)
    repeats = "repeats no earlier one" if now is None else f"repeats post {now}"
    typer.echo(f"Post {post} {repeats}. {_PRINTED}")


@duplicates.command("history")
def history_command(
    post: Annotated[int | None, typer.Argument(metavar="POST", help="Number of a post; all without it.")] = None,
    *,
    json: _Json = False,
) -> None:
    """Show what people decided about a post, or about all posts."""
    from warehouse.duplicates import list_events

    with open_warehouse() as connection:
        rows = list_events(connection, post)
    columns = ["event_id", "created_at", "post_id", "kind", "original_id", "actor", "reason"]
    print_rows(rows, columns, json=json, empty="Nobody has decided anything.")
