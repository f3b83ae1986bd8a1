"""Ports of 127.0.0.1 for one home: free when first chosen, remembered afterwards.

They lie below the range from which systems take the ports of outgoing connections, so that a stopped part finds its
port free again.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path

from kernel.errors import PartUnavailableError

FIRST, LAST = 20_000, 32_000
HOST = "127.0.0.1"


def choose(home: Path, name: str, *, fixed: int | None = None) -> int:
    """Return the port of `name` in this home: `fixed`, the remembered one, or a free one."""
    known = _read(home)
    if fixed is not None:
        if not free(fixed):
            message = f"port {fixed} for {name} is in use by another program"
            raise PartUnavailableError(message, remedy="Free it, or leave the port setting out.")
        port = fixed
    elif name in known and free(known[name]):
        return known[name]
    else:
        port = _search(f"{home}:{name}", taken=set(known.values()))
    file = _file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"ports.{os.getpid()}")
    fresh.write_text(json.dumps({**known, name: port}))
    fresh.replace(file)
    return port


def remembered(home: Path, name: str) -> int | None:
    """Return the port that `name` was given last."""
    return _read(home).get(name)


def free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _file(home: Path) -> Path:
    return home / "run" / "ports"


def _read(home: Path) -> dict[str, int]:
    """Return the ports by name; a file that a power cut left empty or torn remembers none."""
    try:
        return dict(json.loads(_file(home).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def _search(seed: str, *, taken: set[int]) -> int:
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
    for step in range(LAST - FIRST):
        port = FIRST + (start + step) % (LAST - FIRST)
        if port not in taken and free(port):
            return port
    message = f"no free port between {FIRST} and {LAST}"
    raise PartUnavailableError(message)
