"""Quality gates: what is critical stops the run, what is a warning is remembered in `ops.quality_result`."""

from __future__ import annotations

from datetime import date

from jobs.context import Context
from kernel.calendar import Span
from kernel.errors import StaleInputError
from warehouse.quality.gate import check


def require(context: Context, suite: str, partition: date, span: Span) -> None:
    """Check a suite for a day or week. Raises `StaleInputError` naming each critical rule that is broken."""
    result = check(context.url, suite, partition=partition, span=span)
    if result.critical:
        message = f"{partition}: {'; '.join(result.critical)}"
        look = f"select * from ops.quality_result where suite = '{suite}' order by result_id desc limit 20"  # noqa: S608
        raise StaleInputError(message, remedy=f'Look closer with: suara psql -c "{look}"')
