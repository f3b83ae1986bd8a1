"""`suara themes`: what the community talks about, and people's edits of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from suara.cli.output import not_blank, open_warehouse, print_rows

themes = typer.Typer(
    help="Look at themes and edit them. An edit is kept through every later run.", no_args_is_help=True
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Theme = Annotated[int, typer.Argument(metavar="THEME", help="Number of the theme, from `suara themes list`.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.add_typer(themes, name="themes")


@themes.command("list")
def list_command(*, json: _Json = False) -> None:
    """List all themes, largest first."""
    from warehouse import registry

    with open_warehouse() as connection:
        rows = registry.list_themes(connection)
    columns = ["theme_id", "name", "area", "status", "posts", "most_people", "born_week", "last_week"]
    print_rows(rows, columns, json=json, empty="No themes yet. They come with: suara run weekly")


@themes.command("show")
def show_command(theme: _Theme, *, json: _Json = False) -> None:
    """Show a theme week by week."""
    from warehouse import registry

    with open_warehouse() as connection:
        registry.require_theme(connection, theme)
        rows = registry.theme_weeks(connection, theme)
    columns = ["week", "people", "posts", "negative_posts", "sentiment_posts", "keywords"]
    print_rows(rows, columns, json=json, empty=f"Theme {theme} has no week with posts.")


@themes.command("history")
def history_command(theme: _Theme, *, json: _Json = False) -> None:
    """Show what happened to a theme, by the weekly runs and by people."""
    from warehouse import registry

    with open_warehouse() as connection:
        registry.require_theme(connection, theme)
        rows = registry.theme_events(connection, theme)
    print_rows(
        rows,
        ["created_at", "week", "kind", "actor", "detail"],
        json=json,
        empty=f"Nothing has happened to theme {theme}.",
    )


@themes.command("rename")
def rename_command(
    theme: _Theme,
    name: Annotated[str, typer.Argument(callback=not_blank, help="The new name.")],
    *,
    by: Annotated[
        str,
        typer.Option("--by", metavar="NAME", callback=not_blank, help="Your name; it stands in the theme's history."),
    ],
) -> None:
    """Give a theme a name that no later run changes."""
    from warehouse import registry

    with open_warehouse() as connection:
        old: Any = registry.rename(connection, theme, name=name, by=by)
    typer.echo(f"Theme {theme} is now '{name}' (was '{old}'). The next `suara run weekly` prints it.")
