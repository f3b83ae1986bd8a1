"""How brokers are reached, and why they cannot be. The client only ever reports a timeout, so we go the way ourselves.

The way has steps: the settings themselves, the address, TCP, TLS, the login. The message names the step that fails and
the remedy for it; no password is in either.
"""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import ExitStack
from typing import Any, Literal, NamedTuple, get_args

from kernel.errors import SettingsError
from kernel.settings import KafkaSettings
from streams.login import Refused, converse

CONNECT_SECONDS = 10.0
KNOCK_SECONDS = 5.0

Step = Literal["settings", "address", "TCP", "TLS", "login"]

_STEPS = get_args(Step)
_UP = "`suara status` shows what is up; for a broker of your own check SUARA_KAFKA__BOOTSTRAP_SERVERS."
_PLAIN = "Set SUARA_KAFKA__SECURITY_PROTOCOL to {}, or name the port of a TLS listener."


class Obstacle(NamedTuple):
    """The step that fails on the way to the brokers, what happened there, and what to do."""

    step: Step
    message: str
    remedy: str


def connect_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return how to reach and log in to the brokers. Raises `SettingsError` when no broker is named."""
    if settings.bootstrap_servers is None:
        message = "no Kafka broker is named"
        raise SettingsError(
            message, remedy="Start the embedded one with `suara up`, or set SUARA_KAFKA__BOOTSTRAP_SERVERS."
        )
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "security_protocol": settings.security_protocol,
        "bootstrap_timeout_ms": int(CONNECT_SECONDS * 1000),
        "client_id": "suara",
        "reconnect_backoff_max_ms": 2_000,
    }
    if settings.ca_file is not None:
        options["ssl_cafile"] = str(settings.ca_file)
    if settings.cert_file is not None:
        options["ssl_certfile"] = str(settings.cert_file)
        options["ssl_keyfile"] = settings.key_file and str(settings.key_file)
        options["ssl_password"] = _key_password(settings)
    if settings.sasl_mechanism is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = settings.password.get_secret_value() if settings.password else None
    return options


def obstacle(settings: KafkaSettings) -> Obstacle | None:
    """Return what stands in the way to every broker that is named, or None when one of them lets us in."""
    wrong = _contradiction(settings)
    if wrong is not None:
        return wrong
    found = []
    for server in (settings.bootstrap_servers or "").split(","):
        problem = _way_to(server.strip(), settings)
        if problem is None:
            return None
        found.append(problem)
    farthest = max(found, key=lambda problem: _STEPS.index(problem.step))
    return farthest._replace(message="; ".join(problem.message for problem in found))


def closed_door(settings: KafkaSettings) -> str | None:
    """Return why no broker accepts a plain connection, or None when one does."""
    problems = []
    for server in (settings.bootstrap_servers or "").split(","):
        found = _knock(server.strip())
        if isinstance(found, socket.socket):
            found.close()
            return None
        problems.append(found.message)
    return "; ".join(problems)


def _contradiction(settings: KafkaSettings) -> Obstacle | None:
    """Return what the settings themselves lack."""
    if settings.security_protocol.startswith("SASL"):
        values = {
            "SASL_MECHANISM": settings.sasl_mechanism,
            "USERNAME": settings.username,
            "PASSWORD": settings.password,
        }
        missing = [f"SUARA_KAFKA__{name}" for name, value in values.items() if not value]
        if missing:
            message = f"{settings.security_protocol} needs {', '.join(missing)}"
            return Obstacle("settings", message, "Set them, or another SUARA_KAFKA__SECURITY_PROTOCOL.")
    if settings.security_protocol.endswith("SSL") and settings.ca_file is not None:
        try:
            ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            reason = (
                "holds no PEM certificate" if isinstance(error, ssl.SSLError) else f"cannot be read: {_said(error)}"
            )
            remedy = "Name the PEM file of the authority that signed the brokers' certificates."
            return Obstacle("settings", f"SUARA_KAFKA__CA_FILE, {settings.ca_file}, {reason}", remedy)
    return _wrong_certificate(settings)


def _wrong_certificate(settings: KafkaSettings) -> Obstacle | None:
    """Return why the certificate of ours cannot be shown."""
    if settings.cert_file is None:
        if settings.key_file is None:
            return None
        message = "SUARA_KAFKA__KEY_FILE needs SUARA_KAFKA__CERT_FILE"
        return Obstacle("settings", message, "Name the PEM file of the certificate that belongs to the key.")
    if not settings.security_protocol.endswith("SSL"):
        message = f"SUARA_KAFKA__CERT_FILE is set, and {settings.security_protocol} shows no certificate"
        return Obstacle("settings", message, "Set SUARA_KAFKA__SECURITY_PROTOCOL to SSL or SASL_SSL.")
    for name, path in (("CERT_FILE", settings.cert_file), ("KEY_FILE", settings.key_file)):
        try:
            _ = path and path.read_bytes()
        except OSError as error:
            message = f"SUARA_KAFKA__{name}, {path}, cannot be read: {_said(error)}"
            return Obstacle("settings", message, "Name a PEM file that this user may read.")
    try:
        _show_certificate(ssl.create_default_context(), settings)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        message = f"certificate and key in SUARA_KAFKA__CERT_FILE and SUARA_KAFKA__KEY_FILE cannot be used ({reason})"
        remedy = "Both must be PEM, belong together, and SUARA_KAFKA__KEY_PASSWORD must open the key if it is locked."
        return Obstacle("settings", message, remedy)
    return None


def _show_certificate(context: ssl.SSLContext, settings: KafkaSettings) -> None:
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file, _key_password(settings))


def _key_password(settings: KafkaSettings) -> str:
    """Return the key's password, never None: OpenSSL would ask whoever sits at the terminal."""
    return settings.key_password.get_secret_value() if settings.key_password else ""


def _unwelcome(server: str, settings: KafkaSettings, error: OSError) -> Obstacle:
    """Say that a broker ended the talk over our certificate, or because we showed none."""
    if settings.cert_file is None:
        message = f"{server}: the broker ends the talk ({_said(error)}); it wants a certificate"
        remedy = "Set SUARA_KAFKA__CERT_FILE and SUARA_KAFKA__KEY_FILE, or name a listener that wants none."
        return Obstacle("TLS", message, remedy)
    message = f"{server}: the broker does not accept the certificate in {settings.cert_file} ({_said(error)})"
    remedy = "Set SUARA_KAFKA__CERT_FILE to one that an authority which the broker trusts has signed, and still valid."
    return Obstacle("TLS", message, remedy)


def _way_to(server: str, settings: KafkaSettings) -> Obstacle | None:
    """Go all steps to one broker; return the one that fails."""
    found = _knock(server)
    if isinstance(found, Obstacle):
        return found
    with ExitStack() as closing:
        connection = closing.enter_context(found)
        if settings.security_protocol.endswith("SSL"):
            secured = _secure(connection, server, settings)
            if isinstance(secured, Obstacle):
                return secured
            connection = closing.enter_context(secured)
        try:
            converse(connection, settings)
        except Refused as refused:
            return Obstacle("login", f"{server}: {refused}", refused.remedy)
        except ssl.SSLError as error:  # with TLS 1.3 a broker that wants our certificate says so only now
            return _unwelcome(server, settings, error)
        except OSError as error:
            return Obstacle("login", f"{server}: the talk breaks off ({_said(error)})", _UP)
        except (ValueError, KeyError, struct.error):
            return Obstacle("login", f"{server}: it answers what no Kafka broker answers", _UP)
    return None


def _knock(server: str) -> socket.socket | Obstacle:
    """Return an open connection to a broker, or why there is none."""
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        remedy = "Write SUARA_KAFKA__BOOTSTRAP_SERVERS as host:port, with commas between several."
        return Obstacle("address", f"'{server}' is not host:port", remedy)
    try:
        return socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS)
    except (socket.gaierror, UnicodeError):
        return Obstacle("address", f"the name {host} is not known", "Check the name in SUARA_KAFKA__BOOTSTRAP_SERVERS.")
    except TimeoutError:
        message = f"{server} does not answer within {KNOCK_SECONDS:.0f} s"
        return Obstacle("TCP", message, "Check that no firewall stands between here and there, and the address.")
    except (OSError, OverflowError) as error:
        return Obstacle("TCP", f"{server}: {_said(error)}", _UP)


def _secure(connection: socket.socket, server: str, settings: KafkaSettings) -> ssl.SSLSocket | Obstacle:
    """Return the connection under TLS, or why that fails."""
    host = server.rpartition(":")[0].strip("[]")
    context = ssl.create_default_context(cafile=settings.ca_file)
    _show_certificate(context, settings)
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        message = f"{server}: its certificate is not accepted ({error.verify_message.rstrip('.')})"
        if "ostname mismatch" in message or "IP address mismatch" in message:
            return Obstacle(
                "TLS", message, "Name the broker in SUARA_KAFKA__BOOTSTRAP_SERVERS as its certificate does."
            )
        remedy = "Set SUARA_KAFKA__CA_FILE to the PEM file of the authority that signed it."
        return Obstacle("TLS", message, remedy)
    except (ssl.SSLError, OSError) as error:
        if "ALERT" in (getattr(error, "reason", None) or ""):  # TLS 1.2: refused at once
            return _unwelcome(server, settings, error)
        plain = "SASL_PLAINTEXT" if settings.security_protocol == "SASL_SSL" else "PLAINTEXT"
        return Obstacle("TLS", f"{server}: no TLS there ({_said(error)})", _PLAIN.format(plain))


def _said(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
