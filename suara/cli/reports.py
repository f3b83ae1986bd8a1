"""`suara report`: find, read, check, trace, promote and re-make the pages of reports."""

from __future__ import annotations

import shlex
import webbrowser
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kernel.calendar import parse_monday
from kernel.errors import RunFailedError
from suara.cli.output import not_blank, open_warehouse, print_json, print_rows

if TYPE_CHECKING:
    from reports.document import Meta

report = typer.Typer(help="Find, read, check, trace and promote reports.", no_args_is_help=True)

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
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", callback=not_blank, help="Your name; the report carries it.")
    ],
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


@report.command("trace")
def trace_command(
    fact: Annotated[str, typer.Argument(metavar="FACT", help="Id of a number, as the last table of the page has it.")],
    week: _Week,
    area: _Area = "community",
    revision: _Revision = None,
    *,
    json: _Json = False,
) -> None:
    """Show the posts behind a number of a report: who wrote each, where and when, its theme, address and masked words.

    It counts on the frozen rows. Words of a post that was deleted or edited since,
    or whose writer does not want to be quoted, are not shown.
    """
    from jobs import trace
    from reports import queries

    with open_warehouse():
        found = trace.trace(parse_monday(week), area, fact, revision)
    number, asked = found.fact, found.fact.params
    wanted = {"input_id": found.meta.input_id, "week": asked["week"], "area": asked["area"] or ""}
    options = [f"-v {shlex.quote(f'{name}={value}')}" for name, value in wanted.items()]
    query = " ".join(["suara psql", *options, "-f", shlex.quote(str(queries.path(number.query)))])
    if json:
        told = {name: getattr(number, name) for name in ("id", "label", "unit", "value", "n", "total")}
        print_json({"report_id": found.meta.report_id, **told, "query": query, "posts": found.posts})
        return
    value = "unknown" if number.value is None else f"{number.value:g}"
    of = "" if number.n is None or number.total is None else f" ({number.n} of {number.total})"
    typer.echo(f"{_name(found.meta)}\n{number.id}: {number.label}: {number.unit} {value}{of}\nIts query: {query}\n")
    _tell(found.posts)


def _tell(posts: list[dict[str, Any]] | None) -> None:
    if posts is None:
        typer.echo("It counts no single posts, or is unknown: its query shows what it was made from.")
        return
    for post in posts:
        theme = f", {post['theme']}" if post["theme"] else ""
        typer.echo(f"post {post['post_id']}, person {post['person_id']}, {post['day']}, {post['source']}{theme}")
        words = " ".join(post["words"].split()) if post["words"] is not None else "(words not shown)"
        typer.echo("".join(f"    {line}\n" for line in (post["url"], words) if line))
    typer.echo(f"{len(posts)} posts by {len({post['person_id'] for post in posts})} people")


@report.command("render")
def render_command(week: _Week, area: _Area = "community", revision: _Revision = None) -> None:
    """Write the pages of a report again, from its stored facts."""
    from jobs import pages
    from jobs.context import open_context
    from warehouse import reporting

    with open_warehouse() as connection:
        row = reporting.find_report(connection, parse_monday(week), area, revision)
    typer.echo(str(pages.write_pages(open_context(), row.report_id)))
