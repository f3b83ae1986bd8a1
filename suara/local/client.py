"""psql on the warehouse. The wheel's own program takes this process's place, so its output is untouched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Never

from suara.local import postgres


def run_psql(url: str, arguments: Sequence[str]) -> Never:
    """Become psql. The password goes by the environment: arguments are visible to every user of the machine."""
    from psycopg.conninfo import conninfo_to_dict

    options = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://"))
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    given = {names[key]: str(value) for key, value in options.items() if key in names}
    program = str(postgres.programs() / "psql")
    os.execve(program, [program, *arguments], {**os.environ, **given})  # noqa: S606
