"""Prints a grade as a table that fits a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from suara.demo.grade import Grade


def show(graded: Grade, console: Console) -> None:
    """Print the lines of a grade, then its themes."""
    console.print(_lines(graded))
    console.print(_themes(graded))


def _lines(graded: Grade) -> Table:
    table = Table(title=f"Grade: {graded.product}, seed {graded.seed}", box=box.SIMPLE_HEAD, title_justify="left")
    for name, justify in (("what", "left"), ("right", "right"), ("of", "right"), ("share", "right"), ("", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for line in graded.lines:
        table.add_row(line.label, f"{line.n:,}", f"{line.total:,}", _share(line.n, line.total), line.note)
    return table


def _themes(graded: Grade) -> Table:
    table = Table(title="Planted themes", box=box.SIMPLE_HEAD, title_justify="left")
    for name, justify in (
        ("", "left"), ("planted", "left"), ("course", "left"), ("holds", "right"), ("made of", "right"),
        ("kept", "right"), ("found as", "left"),
    ):  # fmt: skip
        short = name in ("planted", "found as")
        table.add_column(
            name,
            justify=justify,  # type: ignore[arg-type]
            overflow="ellipsis",
            no_wrap=True,
            min_width=None if short else len(name),
            max_width=28 if name == "planted" else None,
        )
    for theme in sorted(graded.themes, key=lambda theme: (not theme.is_found, theme.theme)):
        table.add_row(
            "✓" if theme.is_found else "·",
            theme.title,
            theme.shape,
            f"{theme.held}/{theme.posts}",
            f"{theme.held}/{theme.made_of}",
            f"{theme.kept[0]}/{theme.kept[1]}",
            f"{theme.registry_id}: {theme.registry_name}" if theme.registry_id else "-",
        )
    return table


def _share(n: int, total: int) -> str:
    return f"{100 * n / total:.1f} %" if total else "-"
