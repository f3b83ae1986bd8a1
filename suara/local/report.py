"""What `suara status` and `suara settings` show."""

from __future__ import annotations

import http.client
import json
from typing import Any

import psutil
from pydantic import BaseModel, SecretStr

from kernel.errors import SuaraError
from kernel.settings import PREFIX, Settings, variables
from suara.local import kafka, postgres, preflight, processes, server, stack

HEALTH_SECONDS = 2.0
# What a sink waits for, as its page names it, in words.
_AWAY = {"kafka": "Kafka", "warehouse": "the warehouse"}


def parts(settings: Settings) -> list[dict[str, Any]]:
    """Return one row a part: state is running, stopped, died, or for a server of your own answers or fails.

    `health` is the remedy where a part died. Of the warehouse it is ok, or its revision where this version needs
    another; of the sink ok, degraded or stuck with its stage, or no answer, as in its first seconds.
    """
    url = settings.warehouse.url
    return [
        _warehouse(settings, url.get_secret_value()) if url else _embedded_warehouse(settings),
        _broker(settings) if settings.kafka.bootstrap_servers else _embedded(settings, kafka.NAME),
        _sink(settings),
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
    died = {"health": "`suara up` starts it again; its log says why"} if record and not running else {}
    return {
        "part": name,
        "state": "running" if running else "died" if record else "stopped",
        **died,
        "address": record.address if record and running else None,
        "pid": record.identity.pid if record and running else None,
        "memory_mb": _memory_mb(record.identity.pid) if record and running else None,
        "until": ("down" if record.detached else "its command ends") if record and running else None,
        "log": record.log if record else None,
    }


def _embedded_warehouse(settings: Settings) -> dict[str, Any]:
    row = _embedded(settings, postgres.NAME)
    return row | _shape(postgres.url(settings.home)) if row["state"] == "running" else row


def _shape(url: str) -> dict[str, Any]:
    """Say which revision the warehouse is at, and what to do where this version needs another."""
    from warehouse import migrate

    try:
        found, needed = migrate.shape(url)
    except SuaraError as error:
        return {"health": _failure(error)}
    if found == needed:
        health = "ok"
    elif found is None:
        health = "empty: run `suara up`"
    elif migrate.knows(found):
        health = f"at revision {found}, and this version needs {needed}: run `suara up`"
    else:
        health = f"at revision {found}, of a newer Suara: install that, or restore a backup"
    return {"revision": found, "needs": needed, "health": health}


def _sink(settings: Settings) -> dict[str, Any]:
    row = _embedded(settings, stack.SINK)
    return row | {"health": _health(row["address"])} if row["address"] else row


def _health(address: str) -> str:
    """Ask a sink how it is: `ok`, or what it does and for how long."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read())
        if said["status"] == "ok":
            return "ok"
        where = f"waiting for {_AWAY[said['part']]}" if "part" in said else f"in {said['stage']}"
        return f"{said['status']} {where} for {said['seconds']:.0f} s"
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return "no answer"
    finally:
        connection.close()


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
        return {"part": kafka.NAME, "state": _failure(error), "address": settings.kafka.bootstrap_servers}
    return {"part": kafka.NAME, "state": "answers", "address": settings.kafka.bootstrap_servers}


def _failure(error: SuaraError) -> str:
    return f"fails: {error.args[0]}. {error.remedy or ''}".rstrip()


def _warehouse(settings: Settings, url: str) -> dict[str, Any]:
    address = url.rpartition("@")[2]
    try:
        preflight.check_warehouse(url)
    except SuaraError as error:
        return {"part": postgres.NAME, "state": _failure(error), "address": address}
    return {"part": postgres.NAME, "state": "answers", "address": address, **_shape(url)}
