"""psql on the warehouse. The wheel's own program takes this process's place, so its output is untouched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Never

from suara.local import postgres


def run_psql(url: str, arguments: Sequence[str]) -> Never:
    """Become psql. The password goes by the environment: arguments are visible to every user of the machine."""
    program = str(postgres.programs() / "psql")
    os.execve(program, [program, *arguments], {**os.environ, **variables(url)})  # noqa: S606


def variables(url: str) -> dict[str, str]:
    """Return an address as libpq's own variables, TLS and options included."""
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    names = {known.keyword.decode(): known.envvar.decode() for known in Conninfo.get_defaults() if known.envvar}
    options = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://"))
    return {names[key]: str(value) for key, value in options.items() if key in names}
