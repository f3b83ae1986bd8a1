"""A small process that outlives its owner by a moment, and stops what the owner started.

It needs no message: when the owner ends in any way, `kill -9` included, the guardian gets another parent.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suara.local import processes

LOOK_EVERY_SECONDS = 0.25
_guarded: set[Path] = set()
"""The homes that this process guards now."""


@contextmanager
def guarded(home: Path) -> Iterator[processes.Identity]:
    """Yield this process as an owner: what it starts ends with the outermost block, or with the process."""
    owner = processes.myself()
    if home in _guarded:
        yield owner
        return
    command = [sys.executable, "-m", "suara.local.guardian", str(home), str(owner.pid), repr(owner.born)]
    quiet = subprocess.DEVNULL
    guardian = subprocess.Popen(  # noqa: S603
        command, cwd="/", stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    _guarded.add(home)
    try:
        yield owner
    finally:
        _guarded.remove(home)
        with processes.locked(home):
            processes.release(home, owner)
        guardian.kill()
        guardian.wait()


def owner_of(home: Path) -> processes.Identity | None:
    """Return this process as an owner where it runs inside `guarded` for this home."""
    return processes.myself() if home in _guarded else None


def watch(home: Path, owner: processes.Identity) -> None:
    """Wait until `owner` is gone, then stop what it owned."""
    while os.getppid() == owner.pid:
        time.sleep(LOOK_EVERY_SECONDS)
    if home.exists():
        with processes.locked(home):
            processes.release(home, owner)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), processes.Identity(int(sys.argv[2]), float(sys.argv[3])))
