"""The command `suara`. Errors that a person can act on are printed without a trace.

Exit codes: 0 done, 1 refused or failed with a message, 2 wrong usage.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kernel.errors import SuaraError
from suara.cli import (
    backup,
    deadletters,
    demo,
    duplicates,
    importing,
    migrate,
    parts,
    reconcile,
    replay,
    reports,
    run,
    search,
    sink,
    spooling,
    themes,
)

app = typer.Typer(
    name="suara",
    help="Turn what a community writes into weekly advocacy reports and a warehouse.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it
    if value:
        from importlib.metadata import version

        typer.echo(f"suara {version('suara')}")
        raise typer.Exit


@app.callback()
def _every_command(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    del version


# In the order of `suara --help`. A module defines functions and imports what is heavy inside them.
_GROUPS = (
    demo,
    parts,
    importing,
    spooling,
    sink,
    deadletters,
    reconcile,
    replay,
    backup,
    migrate,
    run,
    reports,
    themes,
    duplicates,
    search,
)
for _group in _GROUPS:
    _group.register(app)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    try:
        app()
    except SuaraError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        typer.echo(f"Error: {error.filename}: {reason}" if error.filename else f"Error: {reason}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
