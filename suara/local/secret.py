"""Passwords and keys of the embedded parts: generated, and kept in files that only their owner reads."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from kernel.errors import SettingsError


def secret(path: Path, *, size: int = 24) -> str:
    """Return the secret kept in a file, made of `size` random bytes on the first call.

    Raises `SettingsError` when the file is empty: whatever it protects has another secret by now, or none.
    """
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process was faster
            write_secret(path, secrets.token_urlsafe(size))
    found = path.read_text("utf-8").strip()
    if not found:
        message = f"{path} is empty"
        raise SettingsError(message, remedy="Bring it back from a backup, or delete the folder it protects.")
    return found


def write_secret(path: Path, text: str) -> None:
    """Write a new file of mode 0600, which appears whole or not at all. Raises `FileExistsError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    finally:
        fresh.unlink()
