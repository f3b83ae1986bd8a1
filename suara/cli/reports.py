"""`suara report`: find, read, check, promote and re-make the pages of reports."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from kernel.calendar import parse_monday
from kernel.errors import RunFailedError
from suara.cli.output import open_warehouse, print_rows

if TYPE_CHECKING:
    from reports.document import Meta

report = typer.Typer(help="Find, read, check and promote reports.", no_args_is_help=True)

_Week = Annotated[str, typer.Option("--week", metavar="MONDAY", help="The week, named by its Monday.")]
_Area = Annotated[str, typer.Option("--area", help="An area of suara.toml, or community for the whole.")]
_Revision = Annotated[int | None, typer.Option("--revision", metavar="N", help="A revision; the newest without it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.add_typer(report, name="report")


@report.command("list")
def list_command(*, json: _Json = False) -> None:
    """List all reports, newest week first."""
    from warehouse import reporting

    with open_warehouse() as connection:
        rows = reporting.list_reports(connection)
    columns = ["report_id", "week", "area", "revision", "status", "promoted_by"]
    print_rows(rows, columns, json=json, empty="No reports yet. They come with: suara run weekly")


@report.command("open")
def open_command() -> None:
    """Open the index of all reports in a browser, and print where it is."""
    from jobs import pages
    from kernel.settings import read_settings

    index = pages.index_path(read_settings())
    if not index.exists():
        typer.echo("No reports yet. They come with: suara run weekly")
        raise typer.Exit(1)
    typer.echo(str(index))
    webbrowser.open(index.as_uri())


@report.command("promote")
def promote_command(
    week: _Week,
    area: _Area = "community",
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Your name; the report carries it.")],
) -> None:
    """Make a proposed report current. Only a current report is delivered.

    It is the newest proposal of its week and area. The report that it replaces
    keeps its page, marked as superseded.
    """
    from jobs import pages
    from jobs.context import open_context
    from warehouse import reporting

    monday = parse_monday(week)
    with open_warehouse() as connection:
        row = reporting.find_report(connection, monday, area)
        if row.status == "current":
            typer.echo(f"It is current already, promoted by {row.promoted_by}. Nothing was changed.")
            return
        replaced = reporting.promote(connection, row.report_id, by=by, now=open_context().clock.now())
    for report_id in replaced:
        typer.echo(f"Superseded: {pages.write_pages(open_context(), report_id)}")
    page = pages.write_pages(open_context(), row.report_id)
    pages.write_index(open_context())
    typer.echo(f"The report of '{area}' for the week of {monday} is current, promoted by {by}.\n{page}")


@report.command("verify")
def verify_command(week: _Week, area: _Area = "community", revision: _Revision = None, *, json: _Json = False) -> None:
    """Run every query of a report again, re-read every quote and page, and list each difference with its cause.

    It says which report of which home it checked. Exit code 1 means that the report
    itself is broken; news that came after it is listed and is no fault.
    """
    from jobs import verify
    from kernel.settings import read_settings

    monday = parse_monday(week)
    with open_warehouse():
        check = verify.verify(monday, area, revision)
    typer.echo(f"{_name(check.meta)}, in {read_settings().home}", err=json)
    rows = [{"what": f.what, "cause": f.cause, "fault": f.broken} for f in check.findings]
    if rows or json:
        print_rows(rows, ["what", "cause", "fault"], json=json, empty="")
    broken = [finding for finding in check.findings if finding.broken]
    if not json:
        checked = f"{check.facts} facts and {check.quotes} quotes checked on the frozen rows"
        typer.echo(f"{checked}, {check.pages} pages by their facts: {len(broken)} broken.")
    if broken and all(finding.is_page for finding in broken):
        message = f"the pages of '{area}' for the week of {monday} do not say what its facts say"
        raise RunFailedError(message, remedy="The command above writes them again from the facts.")
    if broken:
        message = f"the report of '{area}' for the week of {monday} does not say what its own rows say"
        raise RunFailedError(message, remedy=f"Make it again with: suara run weekly --week {monday} --again")


def _name(meta: Meta) -> str:
    """Say which report it is, so that it cannot be taken for another one of the same week."""
    about = f"'{meta.area}', week of {meta.week}, revision {meta.revision}, {meta.status}"
    return f"Report {meta.report_id} of {meta.community}: {about}"


@report.command("render")
def render_command(week: _Week, area: _Area = "community", revision: _Revision = None) -> None:
    """Write the pages of a report again, from its stored facts."""
    from jobs import pages
    from jobs.context import open_context
    from warehouse import reporting

    with open_warehouse() as connection:
        row = reporting.find_report(connection, parse_monday(week), area, revision)
    typer.echo(str(pages.write_pages(open_context(), row.report_id)))
