"""Which days and weeks a command means, where no warehouse is needed to know."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.errors import InputError
from suara.cli.import_report import _next
from suara.cli.run import _days, _weeks


@pytest.mark.parametrize("chosen", [_days, _weeks])
def test_ends_in_the_wrong_order_are_refused(chosen):
    with pytest.raises(InputError, match="--from 2026-11-09 is later than --to 2026-11-02"):
        chosen(None, "2026-11-09", "2026-11-02")


def test_both_ends_are_included():
    assert _days(None, "2026-11-02", "2026-11-03") == [date(2026, 11, 2), date(2026, 11, 3)]
    assert _weeks(None, "2026-11-02", "2026-11-09") == [date(2026, 11, 2), date(2026, 11, 9)]


@pytest.mark.parametrize("chosen", [_days, _weeks])
def test_single_ones_may_be_named_several_times_and_not_beside_ends(chosen):
    assert chosen(["2026-11-09", "2026-11-02", "2026-11-09"], None, None) == [date(2026, 11, 2), date(2026, 11, 9)]
    with pytest.raises(InputError, match="give one or the other"):
        chosen(["2026-11-09"], "2026-11-09", None)


@pytest.mark.parametrize(
    ("first", "last", "command"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), "suara run weekly --from 2026-11-02 --to 2026-11-02"),
        (date(2026, 1, 1), date(2026, 11, 24), "suara run weekly --from 2026-10-26 --to 2026-11-16"),
        (date(2026, 11, 23), date(2026, 11, 24), "suara run daily (the reports come when the week is over)"),
    ],
)
def test_an_import_suggests_only_weeks_that_are_over(first, last, command):
    assert _next(first, last, today=date(2026, 11, 26)) == command
