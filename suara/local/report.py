"""What `suara status` and `suara settings` show."""

from __future__ import annotations

from typing import Any

import psutil
from pydantic import BaseModel, SecretStr

from kernel.errors import SuaraError
from kernel.settings import PREFIX, Settings, variables
from suara.local import kafka, postgres, preflight, processes, server, stack


def parts(settings: Settings) -> list[dict[str, Any]]:
    """Return one row a part: state is running, stopped, died, or for a server of your own answers or fails."""
    url = settings.warehouse.url
    return [
        _warehouse(settings, url.get_secret_value()) if url else _embedded(settings, postgres.NAME),
        _broker(settings) if settings.kafka.bootstrap_servers else _embedded(settings, kafka.NAME),
        _embedded(settings, stack.SINK),
        _embedded(settings, server.PAGE),
    ]


def settings_table(settings: Settings) -> list[dict[str, Any]]:
    """Return one row a variable."""
    rows = []
    for variable, meaning in variables().items():
        value: Any = settings
        for part in variable.removeprefix(PREFIX).lower().split("__"):
            value = getattr(value, part)
        if isinstance(value, SecretStr):
            value = "(set, not shown)"
        elif value is not None and not isinstance(value, bool | int | str | BaseModel):
            value = str(value)
        rows.append({"variable": variable, "value": value, "meaning": meaning})
    return rows


def _embedded(settings: Settings, name: str) -> dict[str, Any]:
    record = processes.recorded(settings.home, name)
    running = record is not None and processes.alive(record.identity)
    return {
        "part": name,
        "state": "running" if running else "died" if record else "stopped",
        "address": record.address if record and running else None,
        "pid": record.identity.pid if record and running else None,
        "memory_mb": _memory_mb(record.identity.pid) if record and running else None,
        "until": ("down" if record.detached else "its command ends") if record and running else None,
        "log": record.log if record else None,
    }


def _memory_mb(pid: int) -> int | None:
    """Return the resident memory of a process and its descendants; shared pages are counted once for each."""
    try:
        leader = psutil.Process(pid)
        return sum(process.memory_info().rss for process in (leader, *leader.children(recursive=True))) >> 20
    except psutil.Error:
        return None


def _broker(settings: Settings) -> dict[str, Any]:
    try:
        preflight.check_kafka(settings.kafka)
    except SuaraError as error:
        return {"part": kafka.NAME, "state": f"fails: {error.args[0]}", "address": settings.kafka.bootstrap_servers}
    return {"part": kafka.NAME, "state": "answers", "address": settings.kafka.bootstrap_servers}


def _warehouse(settings: Settings, url: str) -> dict[str, Any]:
    address = url.rpartition("@")[2]
    try:
        preflight.check_warehouse(url)
    except SuaraError as error:
        return {"part": postgres.NAME, "state": f"fails: {error.args[0]}", "address": address}
    return {"part": postgres.NAME, "state": "answers", "address": address}
