"""The words in which expectations are written: a batch of rows, and rules about its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Rule:
    """One expectation: the name of its class in Great Expectations, its options, and what it says when broken."""

    expectation: str
    options: Mapping[str, Any]
    broken: str
    severity: Severity = "critical"


@dataclass(frozen=True)
class Batch:
    """Rows, and the rules that hold for them."""

    name: str
    query: str
    rules: Sequence[Rule] = field(default=())


def unique(columns: Sequence[str], broken: str) -> Rule:
    """No two rows share these columns."""
    return Rule("ExpectCompoundColumnsToBeUnique", {"column_list": list(columns)}, broken)


def present(column: str, broken: str) -> Rule:
    """The column is never null."""
    return Rule("ExpectColumnValuesToNotBeNull", {"column": column}, broken)


def none(column: str, broken: str, severity: Severity = "critical") -> Rule:
    """The query puts the key of an offending row into `column`, null for all others."""
    return Rule("ExpectColumnValuesToBeNull", {"column": column}, broken, severity)


def between(column: str, low: float | None, high: float | None, broken: str, severity: Severity = "critical") -> Rule:
    """Values, where there are any, lie between both ends; `None` leaves an end open."""
    options = {"column": column, "min_value": low, "max_value": high}
    return Rule("ExpectColumnValuesToBeBetween", options, broken, severity)


def ordered(smaller: str, greater: str, broken: str) -> Rule:
    """The second column is never below the first."""
    options = {"column_A": greater, "column_B": smaller, "or_equal": True}
    return Rule("ExpectColumnPairValuesAToBeGreaterThanB", options, broken)
