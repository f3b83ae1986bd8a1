"""The jobs of a community manager, one module each: rows of a report's queries in, facts out.

Pure: no database, no clock. `QUERIES` are the queries whose rows a report needs; `assemble` makes its facts.
"""

from __future__ import annotations

from insights import advocacy, changes, engagement, response, trust
from insights.scope import Rows, Scope
from kernel.model import Fact

__all__ = ["MODULES", "QUERIES", "Scope", "assemble"]

MODULES = (trust, advocacy, response, engagement)
QUERIES: tuple[str, ...] = tuple(dict.fromkeys(name for module in MODULES for name in module.QUERIES))


def assemble(rows: Rows, scope: Scope) -> list[Fact]:
    """Return all facts of a report from the rows of `QUERIES`, after false-discovery control over all its tests."""
    found = [fact for module in MODULES for fact in module.facts(rows, scope)]
    return changes.conclude(changes.judge(found), scope)
