"""The first words of a talk with a broker, spoken by ourselves: the client reports every failed login as a timeout.

Only what it takes to learn whether a login works: versions, SASL by PLAIN or SCRAM, and one question that nobody may
ask without having logged in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import struct
from typing import NamedTuple

from kernel.settings import KafkaSettings

_METADATA, _HANDSHAKE, _VERSIONS, _AUTHENTICATE = 3, 17, 18, 36
_NO_ERROR, _UNSUPPORTED_MECHANISM, _NO_LOGIN_HERE = 0, 33, 34
_LONGEST_ANSWER = 1 << 20
_MOST_ROUNDS = 1_000_000  # Kafka's default is 4,096; a number without end would keep us busy for ever
_TLS_ALERT = b"\x15\x03"


class Refused(Exception):
    """The talk ended: in words, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class _Silent(Exception):
    """The broker hung up, or answered what no Kafka answers; `head` is what came."""

    def __init__(self, head: bytes) -> None:
        super().__init__()
        self.head = head


class _Answer(NamedTuple):
    error: int
    rest: bytes


def converse(connection: socket.socket, settings: KafkaSettings) -> None:
    """Log in as the settings say, and ask what only a guest who is let in may ask. Raises `Refused`, `OSError`."""
    try:
        _ask(connection, _VERSIONS, 0, b"")
    except _Silent as silent:
        if silent.head.startswith(_TLS_ALERT):
            message = f"it speaks TLS, and {settings.security_protocol} does not"
            remedy = "Set SUARA_KAFKA__SECURITY_PROTOCOL to SSL or SASL_SSL, or name the port of a plain listener."
            raise Refused(message, remedy) from silent
        message, remedy = "what answers there is no Kafka broker", "Check the port in SUARA_KAFKA__BOOTSTRAP_SERVERS."
        raise Refused(message, remedy) from silent
    if settings.sasl_mechanism is not None and settings.security_protocol.startswith("SASL"):
        try:
            _log_in(connection, settings, settings.sasl_mechanism)
        except _Silent as silent:
            raise _wrong_login(settings) from silent
    no_topics_and_none_made = struct.pack(">ib", 0, 0)
    try:
        _ask(connection, _METADATA, 4, no_topics_and_none_made)
    except _Silent as silent:
        message = f"it hangs up on who comes without a login ({settings.security_protocol})"
        protocol = "SASL_SSL" if settings.security_protocol == "SSL" else "SASL_PLAINTEXT"
        remedy = f"Set SUARA_KAFKA__SECURITY_PROTOCOL to {protocol}, with mechanism, user and password."
        raise Refused(message, remedy) from silent


def _log_in(connection: socket.socket, settings: KafkaSettings, mechanism: str) -> None:
    answer = _ask(connection, _HANDSHAKE, 1, _text(mechanism))
    if answer.error == _UNSUPPORTED_MECHANISM:
        offered = ", ".join(sorted(_texts(answer.rest))) or "none"
        message = f"it does not know the login by {mechanism}"
        raise Refused(message, f"Set SUARA_KAFKA__SASL_MECHANISM to one that it offers: {offered}.")
    if answer.error == _NO_LOGIN_HERE:
        message = f"nobody logs in there ({settings.security_protocol})"
        protocol = settings.security_protocol.removeprefix("SASL_")
        raise Refused(
            message, f"Set SUARA_KAFKA__SECURITY_PROTOCOL to {protocol}, or name the port of a SASL listener."
        )
    user = settings.username or ""
    password = settings.password.get_secret_value() if settings.password else ""
    if mechanism == "PLAIN":
        _prove(connection, f"\0{user}\0{password}".encode(), settings)
    else:
        _log_in_by_scram(connection, settings, user, password, mechanism.removeprefix("SCRAM-").replace("-", ""))


def _log_in_by_scram(
    connection: socket.socket, settings: KafkaSettings, user: str, password: str, algorithm: str
) -> None:
    """Prove to know the password without saying it (RFC 5802)."""
    name = user.replace("=", "=3D").replace(",", "=2C")
    first = f"n={name},r={secrets.token_urlsafe(24)}"
    challenge = _prove(connection, f"n,,{first}".encode(), settings).decode()
    parts = dict(part.split("=", 1) for part in challenge.split(",") if "=" in part)
    salt, rounds = base64.b64decode(parts["s"]), int(parts["i"])
    if rounds > _MOST_ROUNDS:
        raise ValueError
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, rounds)
    client_key = hmac.digest(salted, b"Client Key", algorithm)
    last = f"c=biws,r={parts['r']}"
    signed = f"{first},{challenge},{last}".encode()
    signature = hmac.digest(hashlib.new(algorithm, client_key).digest(), signed, algorithm)
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    _prove(connection, f"{last},p={base64.b64encode(proof).decode()}".encode(), settings)


def _prove(connection: socket.socket, words: bytes, settings: KafkaSettings) -> bytes:
    """Send one message of the login, and return what the broker says to it."""
    answer = _ask(connection, _AUTHENTICATE, 0, struct.pack(">i", len(words)) + words)
    if answer.error != _NO_ERROR:
        raise _wrong_login(settings)
    (length,) = struct.unpack_from(">h", answer.rest)
    said = answer.rest[2 + max(0, length) + 4 :]
    return bytes(said)


def _wrong_login(settings: KafkaSettings) -> Refused:
    message = f"it refuses the login of {settings.username} by {settings.sasl_mechanism}"
    return Refused(message, "Check SUARA_KAFKA__USERNAME and SUARA_KAFKA__PASSWORD (or SUARA_KAFKA__PASSWORD_FILE).")


def _ask(connection: socket.socket, kind: int, version: int, body: bytes) -> _Answer:
    """Send a request and return its answer: the error code that it begins with, and the rest."""
    request = struct.pack(">hhi", kind, version, 1) + _text("suara") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    head = _receive(connection, 4)
    (size,) = struct.unpack(">i", head)
    if not 6 <= size <= _LONGEST_ANSWER:
        raise _Silent(head)
    answer = _receive(connection, size)
    (error,) = struct.unpack_from(">h", answer, 4)
    return _Answer(error, answer[6:])


def _receive(connection: socket.socket, size: int) -> bytes:
    """Return exactly so many bytes. A broker that refuses hangs up, politely or not."""
    got = b""
    while len(got) < size:
        try:
            more = connection.recv(size - len(got))
        except ConnectionError:
            more = b""
        if not more:
            raise _Silent(got)
        got += more
    return got


def _text(words: str) -> bytes:
    encoded = words.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _texts(values: bytes) -> list[str]:
    """Return an array of strings."""
    (count,), at, found = struct.unpack_from(">i", values), 4, []
    for _ in range(count):
        (length,) = struct.unpack_from(">h", values, at)
        found.append(values[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return found
