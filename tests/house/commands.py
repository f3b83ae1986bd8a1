"""The command tree of `suara`, and whether a line that a document or a container would run is understood by it.

Typer carries a click of its own, so the tree is walked by what its nodes can do, not by their classes.
"""

import shlex
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from suara.cli.main import app


def walk(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every visible command that does something, with its path."""
    command = command or get_command(app)
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        if not inner.hidden:
            yield from walk(inner, (*path, name))


def understand(line: str, *, mentioned: bool = False) -> None:
    """Parse what follows `suara` without running it. Raises the usage error that a person would see.

    A command that is only mentioned in a sentence may leave out what it requires.
    """
    command: Any = get_command(app)
    name, words, context = "suara", shlex.split(line), None
    while hasattr(command, "commands"):
        if words and words[0] in ("--help", "-h", "--version"):
            return
        if mentioned and not words:
            return
        assert words, f"'{name}' alone does nothing"
        context = command.context_class(command, info_name=name, parent=context)
        name, command, words = command.resolve_command(context, words)
    if {"--help", "-h"} & set(words):
        return
    try:
        command.make_context(name, list(words), parent=context)
    except Exception as error:
        if not (mentioned and type(error).__name__ == "MissingParameter"):
            raise
