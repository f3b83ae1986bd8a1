"""Delivery of promoted reports, and of no other."""

from __future__ import annotations

from jobs.context import open_context
from jobs.pages import read_document
from kernel.errors import StaleInputError
from reports import deliver, render
from warehouse import reporting


def promoted() -> list[int]:
    """Return the promoted reports that were not sent yet."""
    with open_context().begin() as connection:
        return reporting.undelivered(connection)


def send(report_id: int) -> int:
    """Send a report to everyone named for its area; return how many. Refuses a report that nobody promoted."""
    context = open_context()
    with context.begin() as connection:
        status = reporting.status_of(connection, report_id)
        if status != "current":
            message = f"report {report_id} is {status}: only a report that a person promoted is sent"
            raise StaleInputError(
                message, remedy="Promote it with: suara report promote --week MONDAY --area AREA --by NAME"
            )
        document = read_document(connection, context.community, report_id)
        area = context.community.areas.get(document.meta.area)
        to = area.deliver_to if area else ()
        for address in to:
            deliver.send(
                address,
                subject=render.subject(document),
                text=render.short_text(document),
                html=render.html(document),
                settings=context.settings.delivery,
            )
        reporting.mark_delivered(connection, report_id, now=context.clock.now())
    return len(to)
