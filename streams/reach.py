"""Why a broker cannot be reached. The client only ever reports a timeout, so we try the way to it ourselves."""

from __future__ import annotations

import socket

from kernel.settings import KafkaSettings


def diagnosis(settings: KafkaSettings) -> str:
    """Say in one line what stands in the way."""
    closed = closed_door(settings)
    if closed is not None:
        return closed
    how = settings.security_protocol + (f", {settings.sasl_mechanism}" if settings.sasl_mechanism else "")
    return f"the port is open, but no talk is possible ({how}); check protocol, certificate, user and password"


def closed_door(settings: KafkaSettings) -> str | None:
    """Return why no broker accepts a plain connection, or None when one does."""
    reason = "no address"
    for server in (settings.bootstrap_servers or "").split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
        except ValueError:
            reason = f"'{server}' is not host:port"
        except socket.gaierror:
            reason = f"the name {host} is not known"
        except OSError as error:
            reason = f"{server}: {error.strerror or error}"
        else:
            return None
    return reason
