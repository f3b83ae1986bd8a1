"""Checks of servers that settings name, step by step, so that the message names the step that fails.

The clients themselves report most mistakes as a timeout.
"""

from __future__ import annotations

import socket
import ssl

from kernel.errors import PartUnavailableError, SettingsError
from kernel.settings import KafkaSettings

CONNECT_SECONDS = 5.0
_KAFKA = "Check SUARA_KAFKA__*, or leave SUARA_KAFKA__BOOTSTRAP_SERVERS out to use the embedded broker."
_WAREHOUSE = "Check SUARA_WAREHOUSE__URL, or leave it out to use the embedded PostgreSQL."


def check_kafka(settings: KafkaSettings) -> None:
    """Raise `PartUnavailableError` when no named broker can be reached and logged in to."""
    from streams.broker import topic_ids

    servers = (settings.bootstrap_servers or "").split(",")
    problems = [problem for server in servers if (problem := _unreachable(server.strip(), settings))]
    if len(problems) == len(servers):
        message = f"Kafka cannot be reached: {'; '.join(problems)}"
        raise PartUnavailableError(message, remedy=_KAFKA)
    try:
        topic_ids(settings, ["community.posts.v1"])
    except PartUnavailableError as error:
        step = f"log in as {settings.username} by {settings.sasl_mechanism}" if settings.sasl_mechanism else "talk"
        message = (
            f"Kafka at {settings.bootstrap_servers}: the port is open, but {step} ({settings.security_protocol}) failed"
        )
        raise PartUnavailableError(message, remedy=_KAFKA) from error


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


def _unreachable(server: str, settings: KafkaSettings) -> str | None:
    """Return why a broker cannot be reached, or None when it can."""
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        return f"'{server}' is not host:port"
    problem = _closed(host, int(port))
    if problem or settings.security_protocol not in {"SSL", "SASL_SSL"}:
        return problem
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        with (
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return f"{server}: its certificate is not accepted ({error.verify_message})"
    except (ssl.SSLError, OSError) as error:
        return f"{server}: no TLS there ({_reason(error)})"


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
