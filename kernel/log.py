"""One structured line per thing that happened, without the text of any post.

Lines go to stderr so that a command's stdout stays its answer.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog


def configure(*, json: bool = False, level: str = "WARNING", stream: TextIO | None = None) -> None:
    """Set up logging for this process: key=value lines, or JSON lines for machines."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    target = stream if stream is not None else sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> Any:
    """Return a logger that stamps each line with the room that wrote it."""
    return structlog.get_logger(room=name)
