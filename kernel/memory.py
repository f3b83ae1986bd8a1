"""How often Python looks for cycles in memory, for work that makes many objects and few cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for cycles rarely, and never in what is there already: with rows and records it costs a sixth of the time.

    Not so rarely that they pile up: kafka-python leaves an object or two in cycles for each record, and with them what
    they hold. A sink that waited for a hundred thousand of these had 330 MB after nine minutes and was still growing.
    It holds for the whole process, so only a command as a whole may ask for it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, 5, 2)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
