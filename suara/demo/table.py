"""Prints a grade as two tables that fit a terminal: every line as n of N, then the themes one by one."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from suara.demo.grade import Grade
from suara.demo.themes import ThemeGrade


def show(graded: Grade, console: Console) -> None:
    """Print the lines of a grade, then its themes."""
    console.print(_lines(graded))
    console.print(_themes(graded))


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)


def _lines(graded: Grade) -> Table:
    table = _table(f"Grade: {graded.product}, seed {graded.seed}")
    table.add_column("what", no_wrap=True, min_width=30)
    for name in ("right", "of", "share"):
        table.add_column(name, justify="right", no_wrap=True, min_width=7)
    table.add_column("", no_wrap=True, ratio=1)
    for line in graded.lines:
        table.add_row(line.label, f"{line.n:,}", f"{line.total:,}", _share(line.n, line.total), line.note)
    return table


def _themes(graded: Grade) -> Table:
    table = _table("Planted themes, and the theme of the registry that holds most of each")
    table.add_column("planted", no_wrap=True, max_width=26)
    table.add_column("course", no_wrap=True, min_width=8)
    for name in ("holds", "made of", "kept id"):
        table.add_column(name, justify="right", no_wrap=True, min_width=7)
    table.add_column("found", no_wrap=True, min_width=5)
    table.add_column("as", no_wrap=True, ratio=1)
    for theme in sorted(graded.themes, key=lambda theme: (not theme.is_found, theme.theme)):
        table.add_row(
            theme.title,
            theme.shape,
            f"{theme.held}/{theme.posts}",
            f"{theme.held}/{theme.made_of}",
            f"{theme.kept[0]}/{theme.kept[1]}",
            "yes" if theme.is_found else "no",
            _found_as(theme),
        )
    return table


def _found_as(theme: ThemeGrade) -> str:
    return "-" if theme.registry_id is None else f"{theme.registry_id}: {theme.registry_name}"


def _share(n: int, total: int) -> str:
    return f"{100 * n / total:.1f} %" if total else "-"
