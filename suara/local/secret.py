"""Passwords and keys of the embedded parts: generated, and kept in files that only their owner reads."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def secret(path: Path, *, size: int = 24) -> str:
    """Return the secret kept in a file, made of `size` random bytes on the first call."""
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process was faster
            write_secret(path, secrets.token_urlsafe(size))
    return path.read_text("utf-8").strip()


def write_secret(path: Path, text: str) -> None:
    """Write a new file of mode 0600. Raises `FileExistsError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
