"""The page of measured speed, `docs/explanation/performance.md`: written by the benchmark, never by hand."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

_HEAD = """# How fast the sink is

Written by `python -m benchmarks.sink --peer FOLDER --write docs/explanation/performance.md` on {date}: {cores} cores
({processor}), {memory} GB, everything on one machine. *Other cores* is work of others on it, the broker included.

## The sink's whole work

Events of about {bytes} bytes (posts, edits, deletions, reactions) from Kafka to committed rows in `raw` **and**
`core`: the archive, the post's history, its newest state, thread and member. {events:,} events, one process, joining
the group and noticing the end included.

| events/s | sink CPU, us/event | PostgreSQL CPU, us/event | CPU seconds per million events | other cores |
|---:|---:|---:|---:|---:|
| {rate:,} | {sink} | {postgres} | {million} | {other} |
"""
_BESIDE = """
## The same work beside Kafka Connect

{records:,} records of 825 bytes, a tenth of them a newer version of an earlier key, 4 partitions, into one table of 13
columns; {repeats} repeats, the median of all but the first (in which Java's machine code is not made yet). The peer is
Kafka Connect 4.3.1 with the Debezium JDBC sink 3.6.0, whose buffer of 2,000 and fastest modes are used. Suara's rows
have a version guard, and its offsets move in the same transaction; the peer's last record wins, and its offsets are
saved every 10 s. The columns of us are of CPU.

| sink | processes | rows/s | slowest to fastest | client us/row | PostgreSQL us/row | memory, MB | other cores |
|---|---:|---:|---:|---:|---:|---:|---:|
{rows}
"""


def page(full: dict[str, Any], same: Sequence[dict[str, Any]], records: int, repeats: int) -> str:
    """Return the page in Markdown."""
    events = full["events"]
    text = _HEAD.format(
        date=datetime.now(UTC).date(), cores=psutil.cpu_count(), processor=_processor(),
        memory=round(psutil.virtual_memory().total / 2**30), bytes=full["bytes_per_event"], events=events,
        rate=full["loaded_per_second"], sink=round(full["sink_cpu_seconds"] / events * 1e6, 1),
        postgres=round(full["postgres_cpu_seconds"] / events * 1e6, 1), million=round(full["cpu_us_per_event"]),
        other=full["other_cores_busy"],
    )  # fmt: skip
    if not same:
        return text
    rows = "\n".join("| " + " | ".join(_cells(row)) + " |" for row in same)
    return text + _BESIDE.format(records=records, repeats=repeats, rows=rows)


def _cells(row: dict[str, Any]) -> list[str]:
    numbers = ("client_cpu_us", "postgres_cpu_us", "memory_mb", "other_cores")
    spread = f"{row['slowest']:,} to {row['fastest']:,}"
    return [
        row["sink"],
        str(row["processes"]),
        f"{row['rows_per_second']:,}",
        spread,
        *(f"{row[n]:,}" for n in numbers),
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if platform.system() == "Linux" else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
