"""Checks one day or week against a suite of expectations and remembers every result.

No value of a row leaves the database: not in a result, not in a message, not in a log. An expectation that could not
be evaluated counts as broken, in its own tier, and is recorded as an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from sqlalchemy import insert

from kernel.calendar import Span
from warehouse.engine import connect, conninfo
from warehouse.quality.rules import Batch, Rule
from warehouse.quality.suites import SUITES
from warehouse.tables.ops import quality_result

RESULT_FORMAT = {"result_format": "BASIC", "exclude_unexpected_values": True}


@dataclass(frozen=True)
class GateResult:
    """What a check found, in words: `critical` blocks, `warnings` alert. Both empty when all is well."""

    critical: list[str]
    warnings: list[str]


@dataclass(frozen=True)
class Outcome:
    """How one rule fared; `unexpected` of `evaluated` rows broke it."""

    batch: Batch
    rule: Rule
    outcome: str
    evaluated: int | None
    unexpected: int | None
    observed: dict[str, Any] | None

    @property
    def message(self) -> str:
        """The rule's own words, with counts and never with values."""
        if self.outcome == "error":
            return f"{self.batch.name}: could not be checked for {self.rule.broken}"
        count = "" if self.unexpected is None else f" ({self.unexpected} of {self.evaluated})"
        return f"{self.batch.name}: {self.rule.broken}{count}"


def check(url: str, names: Sequence[str], *, partition: date, span: Span) -> GateResult:
    """Check suites for the day or week `partition`, whose instants are `span`, and write results to the warehouse."""
    batches = [(name, batch) for name in names for batch in SUITES[name]]
    found = evaluate(url, [batch for _, batch in batches], partition=partition, span=span)
    outcomes = [(name, outcome) for (name, _), of_batch in zip(batches, found, strict=True) for outcome in of_batch]
    _write(url, partition, outcomes)
    broken = [outcome for _, outcome in outcomes if outcome.outcome != "passed"]
    return GateResult(
        critical=[outcome.message for outcome in broken if outcome.rule.severity == "critical"],
        warnings=[outcome.message for outcome in broken if outcome.rule.severity == "warning"],
    )


def evaluate(url: str, batches: Sequence[Batch], *, partition: date, span: Span) -> list[list[Outcome]]:
    """Return for each of `batches` how its rules fare on the rows of one partition."""
    day = f"date '{partition.isoformat()}'"
    bounds = {
        "start": f"timestamptz '{span.start.isoformat()}'",
        "end": f"timestamptz '{span.end.isoformat()}'",
        "partition": day,
        "began": f"(select started_at from ops.pipeline_run where kind = 'daily' and partition = {day})",  # noqa: S608
    }
    queries = [f"select * from ({batch.query.format(**bounds)}) rows_of_batch" for batch in batches]  # noqa: S608
    with _assets(url, queries) as assets:
        return [list(_evaluate(batch, asset)) for batch, asset in zip(batches, assets, strict=True)]


def _evaluate(batch: Batch, asset: Any) -> Iterator[Outcome]:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    suite = gx.ExpectationSuite(
        asset.name,
        expectations=[
            getattr(gxe, rule.expectation)(**rule.options, severity=rule.severity, meta={"rule": number})
            for number, rule in enumerate(batch.rules)
        ],
    )
    found = asset.get_batch(asset.build_batch_request()).validate(suite, result_format=RESULT_FORMAT)
    for result in sorted(found.results, key=lambda result: result.expectation_config.meta["rule"]):
        yield _outcome(batch, batch.rules[result.expectation_config.meta["rule"]], result)


def _outcome(batch: Batch, rule: Rule, result: Any) -> Outcome:
    counts = result.result or {}
    if not result.success and not counts:  # the exception's own text may hold a row, so it is not kept
        return Outcome(batch, rule, "error", None, None, None)
    percent = counts.get("unexpected_percent")
    return Outcome(
        batch,
        rule,
        "passed" if result.success else "failed",
        counts.get("element_count"),
        counts.get("unexpected_count") or 0,
        None if percent is None else {"unexpected_percent": percent},
    )


@contextmanager
def _assets(url: str, queries: Sequence[str]) -> Iterator[list[Any]]:
    """Give the rows of each query to Great Expectations, which writes nothing to disk.

    The connections are ours to open and close. All assets come with their source, because each one that is added later
    makes the context write down the whole source anew.
    """
    import great_expectations as gx
    import pgvector.sqlalchemy  # noqa: F401  (else tables with vectors cannot be looked at)
    from great_expectations.datasource.fluent.sql_datasource import QueryAsset

    opened: list[psycopg.Connection[Any]] = []

    def open_connection() -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(conninfo(url), options="-c role=suara_pipeline -c TimeZone=UTC"))
        return opened[-1]

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False, "profilers": False}
    # The address is never used: it would pass the password through Great Expectations' own settings.
    address = "postgresql+psycopg://suara@warehouse/suara"
    source = context.data_sources.add_postgres(
        "warehouse",
        connection_string=address,
        kwargs={"creator": open_connection},
        assets=[QueryAsset(name=f"batch_{number}", query=query) for number, query in enumerate(queries)],
    )
    try:
        yield list(source.assets)
    finally:
        source.get_engine().dispose()
        for connection in opened:
            connection.close()


def _write(url: str, partition: date, outcomes: Sequence[tuple[str, Outcome]]) -> None:
    rows = [
        {
            "suite": suite,
            "partition": partition,
            "expectation": f"{outcome.batch.name}: {outcome.rule.expectation} of {_columns(outcome.rule)}",
            "severity": outcome.rule.severity,
            "outcome": outcome.outcome,
            "evaluated": outcome.evaluated,
            "unexpected": outcome.unexpected,
            "observed": outcome.observed,
        }
        for suite, outcome in outcomes
    ]
    with connect(url, role="pipeline").begin() as connection:
        connection.execute(insert(quality_result), rows)


def _columns(rule: Rule) -> str:
    names = [value for key, value in rule.options.items() if key in ("column", "column_A", "column_B")]
    return ", ".join(names or rule.options["column_list"])
