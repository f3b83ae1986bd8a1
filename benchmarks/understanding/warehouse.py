"""A warehouse of a benchmark's own, gone when it ends."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from kernel.settings import read_settings
from suara.local import guardian, stack
from warehouse.engine import connect


@contextmanager
def throwaway() -> Iterator[Connection]:
    """Give one transaction on an empty, migrated warehouse, as its owner."""
    with throwaway_url() as url, connect(url, role="owner").begin() as begun:
        yield begun


@contextmanager
def throwaway_url() -> Iterator[str]:
    """Give the address of an empty, migrated warehouse, for what opens transactions of its own."""
    home = Path(tempfile.mkdtemp(prefix="suara-bench-"))
    home.chmod(0o711)  # PostgreSQL may run under an account of its own
    settings = read_settings({"SUARA_HOME": str(home)})
    try:
        with guardian.guarded(home):
            yield stack.ensure_warehouse(settings, say=_say)
    finally:
        stack.down(settings, _say)
        shutil.rmtree(home, ignore_errors=True)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
