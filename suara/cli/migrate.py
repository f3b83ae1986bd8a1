"""`suara migrate`: the warehouse up to this version, or down to the revision of an older one."""

from __future__ import annotations

from typing import Annotated

import typer

from suara.cli.output import say


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(migrate)


def migrate(
    *,
    to: Annotated[
        str | None, typer.Option("--to", metavar="REVISION", help="Another revision than this version's own.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also where it goes down.")] = False,
) -> None:
    """Bring the warehouse to this version, as `suara up` does, and start nothing else.

    With --to an older revision it goes down, so that an older version can use
    it: what newer revisions added is deleted, with all that it holds. Do that
    as the last thing before you install the older version, for most commands
    of this one would bring the warehouse up again.

    suara migrate

    suara backup before.dump && suara down && suara migrate --to 0010
    """
    from kernel.errors import PartUnavailableError
    from kernel.settings import read_settings
    from suara.local import processes, stack
    from warehouse.migrate import require_revision, shape

    settings = read_settings()
    if to is not None:
        if processes.find(settings.home, stack.SINK):
            message = "the sink of this home is running"
            remedy = "Stop it with `suara down`, and the sinks of other machines too."
            raise PartUnavailableError(message, remedy=remedy)
        require_revision(to)
        if not yes:
            typer.confirm(f"Delete all that revisions after {to} added? (--yes does not ask)", abort=True, err=True)
    url = stack.ensure_warehouse(settings, say=say, revision=to or "head")
    found, needed = shape(url)
    typer.echo(
        f"The warehouse is at revision {found}" + ("." if found == needed else f"; this version needs {needed}.")
    )
    if found != needed:
        typer.echo("Next: install the version that it is for, then suara up")
