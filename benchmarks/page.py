"""The page of measured speed, `docs/explanation/performance.md`: written by the benchmark, never by hand."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

_HEAD = """# How fast the sink is

Written by `python -m benchmarks.sink --peer FOLDER --write docs/explanation/performance.md` on {date}: {cores} cores
({processor}), {memory} GB, everything on one machine. *Other cores* is the work of all else on it, the broker included.

## The sink's whole work

Events of about {bytes} bytes (posts, edits, deletions, reactions) from Kafka to committed rows in `raw` **and**
`core`: the archive, the post's history, its newest state, thread and member. {events:,} events, batches of {batch:,};
speed and CPU from a fifth to nine tenths of them. The columns of us are of CPU.

| processes | events/s | sinks, us/event | PostgreSQL, us/event | CPU s per million | memory of one, MB | other cores |
|---:|---:|---:|---:|---:|---:|---:|
{rows}
"""
_BESIDE = """
## The same work beside Kafka Connect

{records:,} records of 825 bytes, a tenth of them a newer version of an earlier key, 4 partitions, into one table of 13
columns; {repeats} repeats, the median of all but the first (in which Java's machine code is not made yet). The peer is
Kafka Connect 4.3.1 with the Debezium JDBC sink 3.6.0, whose buffer of 2,000 and fastest modes are used. Suara's rows
have a version guard, and its offsets move in the same transaction; the peer's last record wins, and its offsets are
saved every 10 s.

| sink | processes | rows/s | slowest to fastest | client us/row | PostgreSQL us/row | memory, MB | other cores |
|---|---:|---:|---:|---:|---:|---:|---:|
{rows}
"""
_POISON = """
## Bad records

A thousand good records with these amid them, one run a case. Connect runs with `errors.tolerance=all` and a dead letter
queue. Of a text with a NUL Suara takes the NUL out; a field that the contract does not know is left in the archive.

| bad record | Suara: good rows | bad rows | dead letters | Connect: good rows | bad rows | dead letters | its task |
|---|---:|---:|---:|---:|---:|---:|---|
{rows}
"""
_FULL = (
    "processes", "loaded_per_second", "sink_cpu_us", "postgres_cpu_us", "cpu_seconds_per_million", "memory_mb",
    "other_cores_busy",
)  # fmt: skip
_SAME = (
    "sink", "processes", "rows_per_second", "spread", "client_cpu_us", "postgres_cpu_us", "memory_mb", "other_cores",
)  # fmt: skip

Figures = Sequence[Mapping[str, Any]]


def page(full: Figures, same: Figures = (), poison: Figures = (), *, records: int, repeats: int) -> str:
    """Return the page in Markdown."""
    text = _HEAD.format(
        date=datetime.now(UTC).date(),
        cores=psutil.cpu_count(),
        processor=_processor(),
        memory=round(psutil.virtual_memory().total / 2**30),
        bytes=full[0]["bytes_per_event"],
        events=full[0]["events"],
        batch=full[0]["batch"],
        rows=_rows(full, _FULL),
    )
    if same:
        text += _BESIDE.format(records=records, repeats=repeats, rows=_rows(map(_with_spread, same), _SAME))
    if poison:
        text += _POISON.format(rows=_rows(poison, tuple(poison[0])))
    return text


def _rows(figures: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    return "\n".join("| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in figures)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _with_spread(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "spread": f"{row['slowest']:,} to {row['fastest']:,}"}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if platform.system() == "Linux" else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
