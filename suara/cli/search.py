"""`suara search`: the posts that say something, in whatever words and language."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kernel.calendar import parse_monday
from suara.cli.output import not_blank, open_warehouse, print_json


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(search)


def search(
    query: Annotated[
        str, typer.Argument(metavar="TEXT", callback=not_blank, help="What to look for, in any language.")
    ],
    *,
    week: Annotated[str | None, typer.Option("--week", metavar="MONDAY", help="Only posts of this week.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="CODE", help="Only posts in it: en, id ...")] = None,
    theme: Annotated[
        int | None, typer.Option("--theme", metavar="N", help="Only posts of this theme, from `suara themes list`.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only posts at this source.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="So many posts at most.")] = 10,
    with_spam: Annotated[bool, typer.Option("--with-spam", help="Also posts judged spam.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find posts by meaning and by words, English and Indonesian in one ranking.

    Example: suara search "money was taken twice" --lang id

    It finds what says the same in other words or in the other language, and
    what holds any of the words. With "a phrase" or -without it finds only what
    these allow. What is shown is masked; posts by who does not want to be quoted
    are not found.
    """
    from jobs.context import open_context
    from jobs.search import search as find
    from warehouse.search import Filters

    monday = parse_monday(week) if week else None
    with open_warehouse(role="reader") as connection:
        chosen = Filters(monday, lang, theme, source, with_spam)
        found = find(connection, open_context(), query, chosen, limit=limit)
    if json:
        print_json(found)
        return
    for place, row in enumerate(found, 1):
        _tell(place, row)
    if not found:
        typer.echo("Nothing was found. Fewer filters find more.")


def _tell(place: int, row: dict[str, Any]) -> None:
    theme = f", theme {row['theme_id']} {row['theme']}" if row["theme_id"] else ""
    near = {"meaning": f"meaning ({row['similarity']:.2f})"} if row["similarity"] is not None else {}
    why = " and ".join(near.get(way, way) for way in row["found_by"])
    typer.echo(f"{place}. {row['day']}, week {row['week']}, {row['language']}, {row['source']}{theme}")
    for line in (f"post {row['post_id']}, found by {why}", " ".join(row["excerpt"].split()), row["url"]):
        if line:
            typer.echo(f"   {line}")
