"""What a report is about, and the shapes that its rows come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The week (its Monday) and area of a report; `area` None means the whole community.

    `within_hours` are the marks at which answers are counted, `sla_hours` the one that was promised, `languages` those
    that are analysed, `seed` that of the resampling behind tie ranges. A theme of fewer than `min_people` is not shown.
    """

    week: date
    area: str | None = None
    within_hours: tuple[int, ...] = (1, 24, 72, 168)
    sla_hours: int = 24
    languages: tuple[str, ...] = ("en", "id")
    seed: int = 42
    min_people: int = 3

    @property
    def last_week(self) -> date:
        """The Monday before."""
        return self.week - timedelta(weeks=1)

    def params(self, **selected: str | int) -> dict[str, str | int | float | None]:
        """Return the parameters of a query in this scope, and which of its rows a fact was made from."""
        return {"week": self.week.isoformat(), "area": self.area, **selected}

    def everywhere(self, **selected: str | int) -> dict[str, str | int | float | None]:
        """Return the parameters of a query that answers for the whole community, whatever the area."""
        return {"week": self.week.isoformat(), "area": None, **selected}
