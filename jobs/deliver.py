"""Delivery of promoted reports, and of no other."""

from __future__ import annotations

from jobs.context import open_context
from jobs.pages import read_document
from kernel.errors import SettingsError, StaleInputError
from kernel.settings import DeliverySettings
from reports import deliver, render
from warehouse import reporting


def promoted() -> list[int]:
    """Return the promoted reports that were not sent yet and whose area names somebody to send them to."""
    context = open_context()
    named = {key for key, area in context.community.areas.items() if area.deliver_to}
    with context.begin() as connection:
        waiting = set(reporting.undelivered(connection))
        return sorted(
            row["report_id"]
            for row in reporting.list_reports(connection)
            if row["area"] in named and row["report_id"] in waiting
        )


def send(report_id: int) -> int:
    """Send a report to everyone named for its area; return how many. Refuses a report that nobody promoted.

    One that names nobody stays undelivered. Every address is checked before the first is sent to, so that a wrong one
    sends nothing. Should a server fail between two addresses, the next attempt sends to all again: at least once.
    """
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
        to = tuple(dict.fromkeys(area.deliver_to)) if area else ()
        if not to:
            return 0
        for address in to:
            check(address, context.settings.delivery)
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


def check(address: str, settings: DeliverySettings) -> None:
    """Raise `SettingsError` where an address is none, or the way to it is not set."""
    if address != "webhook" and "@" not in address:
        message = f"deliver_to holds '{address}', which is neither an e-mail address nor 'webhook'"
        raise SettingsError(message, remedy="Correct it in suara.toml.")
    name, way = ("WEBHOOK", settings.webhook_url) if address == "webhook" else ("SMTP", settings.smtp_url)
    if way is None:
        message = f"deliver_to names {address}, and SUARA_DELIVERY__{name}_URL is not set"
        raise SettingsError(message, remedy="Set it, or take the address out of suara.toml. Nothing was sent.")
