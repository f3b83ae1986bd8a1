"""Quality gates: what is critical stops the run, what is a warning is remembered in `ops.quality_result`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jobs.context import Context
from kernel.calendar import Span
from kernel.errors import StaleInputError
from warehouse.quality.gate import check


def require(context: Context, suites: Sequence[str], partition: date, span: Span) -> None:
    """Check suites for a day or week. Raises `StaleInputError` naming each critical rule that is broken."""
    result = check(context.url, suites, partition=partition, span=span)
    if result.critical:
        message = f"{partition}: {'; '.join(result.critical)}"
        look = f"select * from ops.quality_result where partition = '{partition}' and outcome <> 'passed'"  # noqa: S608
        raise StaleInputError(message, remedy=f'Look closer with: suara psql -c "{look}"')
