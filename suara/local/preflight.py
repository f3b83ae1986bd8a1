"""Checks of servers that settings name, step by step, so that the message names the step that fails.

The clients themselves report most mistakes as a timeout.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from kernel.errors import PartUnavailableError, SettingsError
from kernel.settings import KafkaSettings

if TYPE_CHECKING:
    from streams.rights import Seen

CONNECT_SECONDS = 5.0
_WAREHOUSE = "Check SUARA_WAREHOUSE__URL, or leave it out to use the embedded PostgreSQL."


def check_kafka(settings: KafkaSettings, *, making: bool = False, prefix: str = "") -> None:
    """Raise `PartUnavailableError` naming the step that fails: settings, address, TCP, TLS, login, topic, permission.

    With `making`, topics may be missing when they can be made. `prefix` stands before the topics' names.
    """
    from streams.backfill import group_of_history
    from streams.reach import obstacle
    from streams.rights import may_join, rights
    from streams.topics import Topic

    found = obstacle(settings)
    if found is not None:
        message = f"Kafka cannot be reached, {found.step}: {found.message}"
        raise PartUnavailableError(message, remedy=found.remedy)
    names = [prefix + topic for topic in Topic]
    seen = rights(settings, names)
    _require_topics(settings, [name for name in names if not (seen[name].exists or seen[name].hidden)], making=making)
    denied = [
        f"{', '.join(lacking)} on topic {name}"
        for topic, name in zip(Topic, names, strict=True)
        if (lacking := _lacking(topic, seen[name], making=making))
    ]
    groups = (settings.group, group_of_history(settings.group))
    denied += [f"READ on group {group}" for group in groups if not may_join(settings, group)]
    if denied:
        _refuse(settings, denied, prefix)


def _require_topics(settings: KafkaSettings, missing: Sequence[str], *, making: bool) -> None:
    if missing and not making:
        message = f"Kafka at {settings.bootstrap_servers} has no topic {', '.join(missing)}"
        raise PartUnavailableError(message, remedy="`suara up` creates the topics.")


def _lacking(topic: str, seen: Seen, *, making: bool) -> list[str]:
    """Return what this user must be allowed and is not; a broker that does not tell is believed to allow it."""
    from streams.topics import Topic

    if seen.allowed is None:
        return []
    needed = ["WRITE"] if topic == Topic.DLQ else ["READ"]
    if making:
        needed = ["READ", "WRITE", "ALTER_CONFIGS" if seen.exists else "CREATE"]
    return [operation for operation in needed if operation not in seen.allowed]


def _refuse(settings: KafkaSettings, denied: Sequence[str], prefix: str) -> NoReturn:
    user = settings.username or ("CN=..." if settings.cert_file else "ANONYMOUS")  # the certificate's subject
    message = f"Kafka at {settings.bootstrap_servers} does not permit user {user}: {'; '.join(denied)}"
    grant = f"kafka-acls --add --allow-principal User:{user}"
    remedy = (
        f"Let an administrator run: {grant} --operation Read --operation Write --operation Create "
        f"--operation AlterConfigs --topic {prefix}community. --resource-pattern-type prefixed, and: "
        f"{grant} --operation Read --group {settings.group} --resource-pattern-type prefixed"
    )
    raise PartUnavailableError(message, remedy=remedy)


def check_warehouse(url: str) -> None:
    """Raise `PartUnavailableError` when the named PostgreSQL cannot be reached or logged in to."""
    import psycopg

    try:
        options = psycopg.conninfo.conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://"))
    except psycopg.ProgrammingError as error:
        message = "SUARA_WAREHOUSE__URL is not an address of the form postgresql://owner:password@host:port/database"
        raise SettingsError(message) from error
    servers = _servers(str(options.get("host") or "localhost"), str(options.get("port") or 5432))
    where = ", ".join(f"{host}:{port}" for host, port in servers)
    # A host that is a folder is a unix socket, which psycopg itself tells about clearly.
    problems = [problem for host, port in servers if not host.startswith("/") and (problem := _closed(host, port))]
    if len(problems) == len(servers):
        message = f"PostgreSQL cannot be reached: {'; '.join(problems)}"
        raise PartUnavailableError(message, remedy=_WAREHOUSE)
    try:
        psycopg.connect(**{"connect_timeout": int(CONNECT_SECONDS), **options}).close()  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[-1].rpartition("failed: ")[2]
        message = (
            f"PostgreSQL at {where} refuses user {options.get('user')} on database {options.get('dbname')}: {reason}"
        )
        raise PartUnavailableError(message, remedy=_WAREHOUSE) from error


def _servers(hosts: str, ports: str) -> list[tuple[str, int]]:
    """Return host and port of each server that an address names; one port may stand for all hosts."""
    names, numbers = hosts.split(","), [port or "5432" for port in ports.split(",")]
    if len(numbers) == 1:
        numbers *= len(names)
    if len(names) != len(numbers) or not all(number.isdigit() for number in numbers):
        message = f"SUARA_WAREHOUSE__URL names the hosts {hosts} with the ports {ports}"
        raise SettingsError(message, remedy="Give a port to each host, or one for all of them.")
    return [(name or "localhost", int(number)) for name, number in zip(names, numbers, strict=True)]


def _closed(host: str, port: int) -> str | None:
    """Return why no TCP connection comes about, or None when one does."""
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except socket.gaierror:
        return f"the name {host} is not known"
    except TimeoutError:
        return f"{host}:{port} does not answer within {CONNECT_SECONDS:.0f} s"
    except OSError as error:
        return f"{host}:{port}: {_reason(error)}"
    return None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
