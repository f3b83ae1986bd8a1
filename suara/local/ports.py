"""Ports of 127.0.0.1 for one home: free when first chosen, remembered afterwards.

They lie below the range from which systems take the ports of outgoing connections, so that a stopped part finds its
port free again.
"""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

from kernel.errors import PartUnavailableError

FIRST, LAST = 20_000, 32_000
HOST = "127.0.0.1"


def choose(home: Path, name: str, *, fixed: int | None = None) -> int:
    """Return the port of `name` in this home: `fixed`, the remembered one, or a free one."""
    file = home / "run" / "ports"
    remembered: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    if fixed is not None:
        if not free(fixed):
            message = f"port {fixed} for {name} is in use by another program"
            raise PartUnavailableError(message, remedy="Free it, or leave the port setting out.")
        port = fixed
    elif name in remembered and free(remembered[name]):
        return remembered[name]
    else:
        port = _search(f"{home}:{name}", taken=set(remembered.values()))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**remembered, name: port}))
    return port


def remembered(home: Path, name: str) -> int | None:
    """Return the port that `name` was given last."""
    file = home / "run" / "ports"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return ports.get(name)


def free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _search(seed: str, *, taken: set[int]) -> int:
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
    for step in range(LAST - FIRST):
        port = FIRST + (start + step) % (LAST - FIRST)
        if port not in taken and free(port):
            return port
    message = f"no free port between {FIRST} and {LAST}"
    raise PartUnavailableError(message)
