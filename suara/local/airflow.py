"""Homes for Airflow that hold no setting of anybody else: one for runs in this process, one for the server.

Airflow reads its home on the first import, so the environment is set before. Its metadata lie in SQLite beside the
home; nothing of a community is kept there.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
from pathlib import Path

from kernel.errors import PartUnavailableError
from suara.local import processes
from suara.local.secret import secret


def airflow_environment(home: Path, dags: Path) -> dict[str, str]:
    """Return the variables that keep Airflow inside `home`, with the DAGs of the folder `dags` and no examples."""
    processes.private(home)
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"sqlite+aiosqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secret(home / "jwt_secret", size=64),
    }


def dags_folder() -> Path:
    """Return the folder of the installed `dags` package."""
    package = importlib.util.find_spec("dags")
    if package is None or package.origin is None:
        message = "the package `dags` is not installed"
        raise PartUnavailableError(message, remedy="`make setup` installs it.")
    return Path(package.origin).parent


def prepare(home: Path) -> None:
    """Make `home` the Airflow of this process, with its tables; later calls cost nothing.

    A process has one Airflow: where it was imported before, its home stands.
    """
    if "airflow" not in sys.modules:
        os.environ.update(airflow_environment(home, dags_folder()))
    home = Path(os.environ["AIRFLOW_HOME"])
    done = home / "migrated"
    version = _version()
    if done.exists() and done.read_text("utf-8") == version:
        return
    with processes.locked(home), contextlib.redirect_stdout(io.StringIO()):
        from airflow.utils import db

        db.upgradedb()
    done.write_text(version, "utf-8")


def _version() -> str:
    from importlib.metadata import version

    return version("apache-airflow")
